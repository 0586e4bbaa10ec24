/**
 * The calls with JSON in both directions. Depending on the route and the caller, a call is answered with its answer, in
 * lines that report progress first, or at once with a job that carries it out.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { codeOf } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import type { PeopleLine } from '#protocol/people/people-answers.ts';
import {
  fillPath,
  IDEMPOTENCY_HEADER,
  LINES_MEDIA_TYPE,
  type PeopleRoute,
  rightsNeeded,
} from '#protocol/people/people-route.ts';
import { type PeopleCallName, PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import { PREFER_JOB } from '#protocol/people/routes/jobs.ts';
import { problemOf } from '#protocol/problem.ts';
import { type CallLife, callLife, versionTag } from '../../environment/call-life.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { PEOPLE, requireForm, send } from '../replies.ts';
import { fieldsOf } from './call-fields.ts';
import { addCall, type Gate, type StillAllowed } from './gate.ts';
import type { PeopleApi } from './people-api.ts';
import type { Repetitions } from './repetitions.ts';
import type { Visit } from './visit.ts';

/**
 * The reason to end a call whose caller disconnected. A new error for each would cost more than most calls, and nobody
 * would read it.
 */
export const GONE = 'the caller disconnected';

export interface CallPorts {
  readonly people: PeopleApi;
  /** A sealed server has neither. */
  readonly jobs?: Jobs;
  readonly repetitions?: Repetitions;
  /** Aborted when the server stops, to end long calls. */
  readonly stopping: AbortSignal;
}

type Handler = (caller: Caller, request: unknown, life: CallLife) => Promise<unknown>;

/** @param visit given if people sign in and out here. */
export function addCallRoutes(
  app: FastifyInstance,
  gate: Gate,
  ports: CallPorts,
  visit: ((request: FastifyRequest, reply: FastifyReply) => Visit) | undefined,
): void {
  for (const name of Object.keys(PEOPLE_ROUTES) as PeopleCallName[]) {
    const route: PeopleRoute<z.ZodType<object>> = PEOPLE_ROUTES[name];
    if (route.stream !== undefined) continue;
    addCall(app, gate, name, route, async (request, reply, allow, stillAllowed) => {
      const asked = requireForm(PEOPLE, route.request, fieldsOf(route, request));
      const run = ports.people[name] as Handler;
      const { jobs, repetitions } = ports;
      const seen = request.headers['if-match'];
      if (route.job === true && jobs !== undefined && wantsJob(request)) {
        const caller = await allow(asked);
        const needed = rightsNeeded(route, asked);
        const job = await jobs.begin(caller, name, needed, (life) => {
          const lost = new AbortController();
          const judge = cancelWithRight(stillAllowed, lost);
          const progress = (done: number, of: number): void => {
            life.progress(done, of);
            judge();
          };
          const signals = [ports.stopping, life.signal, lost.signal];
          return run(caller, asked, callLife(signals, progress, seen));
        });
        void reply.header('preference-applied', PREFER_JOB);
        void reply.header('location', fillPath(PEOPLE_ROUTES.showJob.path, job));
        return send(reply, PEOPLE, 202, 'application/json', { job });
      }
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort(GONE));
      const signals = [ports.stopping, gone.signal];
      if (request.headers.accept === LINES_MEDIA_TYPE) {
        const caller = await allow(asked);
        return answerInLines(reply, (progress) => run(caller, asked, callLife(signals, progress, seen)));
      }
      const work = async (made?: CallLife['made']): Promise<unknown> => {
        return run(
          await allow(asked),
          asked,
          callLife(signals, () => {}, seen, made),
        );
      };
      const key = request.headers[IDEMPOTENCY_HEADER];
      const answer =
        key === undefined || route.repeated === undefined || repetitions === undefined
          ? await work()
          : await repetitions.once(await stillAllowed(), key, { name, asked, kept: route.repeated }, work);
      const version = route.version?.(answer);
      if (version !== undefined) void reply.header('etag', versionTag(version));
      if (route.endsSession === true) visit?.(request, reply).dropSession();
      return send(reply, PEOPLE, 200, 'application/json', answer);
    });
  }
}

/** RFC 7240: a server ignores preferences that it does not know. */
function wantsJob({ headers }: FastifyRequest): boolean {
  const given = headers['prefer'] ?? '';
  const preferences = (typeof given === 'string' ? given : given.join(',')).split(',');
  return preferences.some((one) => one.trim().toLowerCase() === PREFER_JOB);
}

/** A job continues when its caller signs out, and ends when they lose the right. */
function cancelWithRight(stillAllowed: StillAllowed, lost: AbortController): () => void {
  return () => {
    stillAllowed().catch((error: unknown) => {
      if (codeOf(error) === 'not-allowed') lost.abort();
    });
  };
}

/** Answers a long call whose caller asked for progress. The last line tells the outcome, not the status. */
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
      raw.writeHead(200, { ...PEOPLE.headers, 'content-type': LINES_MEDIA_TYPE });
    }
    raw.write(`${JSON.stringify(line)}\n`);
  };
  try {
    // A caller that does not read misses progress lines, which are not queued for it.
    const answer = await work((done, of) => raw.writableNeedDrain || say({ done, of }));
    say({ answer });
  } catch (error) {
    // It was refused before it began, so it is answered like any other call.
    if (!begun) throw error;
    say({ problem: problemOf(error) });
  }
  raw.end();
  return reply;
}
