/**
 * The listener for people: JSON over HTTP. The gate checks who calls and what they may do; how the listener knows its
 * callers is passed in.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { z } from 'zod';
import { KeystairError } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import { type PeopleLine } from '#protocol/people/people-answers.ts';
import { PEOPLE_ROUTES, type PeopleRouteName } from '#protocol/people/people-routes.ts';
import { problemOf } from '#protocol/problem.ts';
import { LINES_MEDIA_TYPE, TRANSFER_ROUTES } from '#protocol/people/transfer-routes.ts';
import type { Backups } from '../../backup/backups.ts';
import type { Transfers } from '../../transfer/transfers.ts';
import type { PeopleApi } from './people-api.ts';
import { type CallLife, callLife } from '../../environment/call-life.ts';
import type { Log } from '../../environment/environment.ts';
import { createApplication } from '../application.ts';
import { requireForm, PEOPLE, send } from '../replies.ts';
import { fieldsOf, parseBody } from './call-fields.ts';
import { addCall, type Authenticate, type Gate } from './gate.ts';
import { requireOwnOrigin, type Site } from './request-origin.ts';
import { serverSealed } from './sealed-api.ts';
import { addTransferRoutes, leaveClosing } from './transfer-listener.ts';

/** The operations offered to people. A sealed server has no exports, imports and backups. */
export interface ServedPeople {
  readonly people: PeopleApi;
  readonly transfers?: Transfers;
  readonly backups?: Backups;
  readonly refusals: Gate['refusals'];
  /** Aborted when the server stops: long calls end then. */
  readonly stopping: AbortSignal;
}

/** Whom a listener serves. Each has its own entrance, and none has one by default. */
export interface Entrance {
  readonly site: Site;
  readonly authenticate: Authenticate;
}

export function createPeopleListener(
  served: ServedPeople,
  { site, authenticate }: Entrance,
  log: Log,
): FastifyInstance {
  const { people: api, transfers, backups, stopping, refusals } = served;
  const gate: Gate = { authenticate, refusals };
  const app = createApplication({
    audience: PEOPLE,
    log,
    parse: parseBody,
    noSuchCall: () =>
      new KeystairError('not-available-yet', 'this server has no such call', {
        nextStep: 'compare the versions of the command line and the server',
      }),
  });
  app.addHook('onRequest', (request, _reply, done) => {
    requireOwnOrigin(request.raw, site);
    done();
  });
  for (const name of Object.keys(PEOPLE_ROUTES) as PeopleRouteName[]) {
    const route = PEOPLE_ROUTES[name];
    addCall(app, gate, name, route, async (request, reply, allow) => {
      const asked = requireForm<z.ZodType<object>>(PEOPLE, route.request, fieldsOf(route, request));
      const caller = await allow(asked);
      const handler = api[name] as (caller: Caller, request: unknown, life: CallLife) => Promise<unknown>;
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const signals = [stopping, gone.signal];
      if (request.headers.accept !== LINES_MEDIA_TYPE) {
        const answer = await handler(
          caller,
          asked,
          callLife(signals, () => {}),
        );
        return send(reply, PEOPLE, 200, 'application/json', answer);
      }
      return answerInLines(reply, (progress) => handler(caller, asked, callLife(signals, progress)));
    });
  }
  if (transfers === undefined || backups === undefined) refuseTransfers(app, gate);
  else addTransferRoutes(app, gate, { transfers, backups, log });
  return app;
}

/** Answers a long call whose caller asked for progress: the status says nothing yet, the last line does. */
async function answerInLines(
  reply: FastifyReply,
  work: (progress: (done: number, of: number) => void) => Promise<unknown>,
): Promise<FastifyReply> {
  const { raw } = reply;
  let begun = false;
  const say = (line: PeopleLine): void => {
    if (!begun) {
      begun = true;
      reply.hijack();
      raw.writeHead(200, { 'content-type': LINES_MEDIA_TYPE });
    }
    raw.write(`${JSON.stringify(line)}\n`);
  };
  try {
    // A caller that does not read gets no progress lines: it loses nothing, and nothing piles up.
    const answer = await work((done, of) => raw.writableNeedDrain || say({ done, of }));
    say({ answer });
  } catch (error) {
    // Refused before it began: answered like any other call.
    if (!begun) throw error;
    say({ problem: problemOf(error) });
  }
  raw.end();
  return reply;
}

function refuseTransfers(app: FastifyInstance, gate: Gate): void {
  // The body is drained and ignored.
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  for (const [name, route] of Object.entries(TRANSFER_ROUTES)) {
    addCall(app, gate, name, route, async (_request, reply) => {
      leaveClosing(reply);
      throw serverSealed();
    });
  }
}
