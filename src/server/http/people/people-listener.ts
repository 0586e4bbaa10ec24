/**
 * The application behind both listeners for people: JSON over HTTP. The gate checks who calls and what they may do;
 * each listener passes in how it identifies callers.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { KeystairError } from '#domain/errors.ts';
import { REQUEST_MS_MAX, SIGN_IN_BYTES_MAX } from '#domain/listener-limits.ts';
import { read } from '#domain/right.ts';
import { type OpenRoute, routedPath } from '#protocol/people/people-route.ts';
import { SIGN_IN_ROUTES, type SignInRouteName } from '#protocol/people/sign-in-routes.ts';
import type { Metrics } from './metrics.ts';
import { addOpenPages, type OpenPages } from './open-pages.ts';
import type { SignInApi } from './sign-in-api.ts';
import type { Visit } from './visit.ts';
import type { Log } from '../../environment/environment.ts';
import { endBodyAfter } from '../end-body.ts';
import { createApplication } from '../application.ts';
import { requireForm, PEOPLE, send, sendText } from '../replies.ts';
import { fieldsOf, parseBody } from './call-fields.ts';
import { addCallRoutes, type CallPorts } from './call-listener.ts';
import { addConsoleFiles, isForPage, readConsoleFiles, sendPage } from './console-files.ts';
import { addCall, type Authenticate, type Gate, noteOdd } from './gate.ts';
import { requireOwnOrigin, type Site } from './request-origin.ts';
import type { EventStreams } from './event-streams.ts';
import type { StreamApi } from './stream-api.ts';
import { addStreamRoutes } from './stream-listener.ts';

/** The operations offered to people. A sealed server offers no files and events. */
export interface ServedPeople extends CallPorts {
  readonly streams?: { readonly api: StreamApi; readonly events: EventStreams };
  readonly signIn?: SignInApi;
  readonly refusals: Gate['refusals'];
  readonly approvals: Gate['approvals'];
  readonly clock: Gate['clock'];
  readonly giversOf?: Gate['giversOf'];
  readonly open: OpenPages;
  readonly metrics?: Metrics | undefined;
}

/** Whom a listener serves. Each listener must name its entrance. */
export interface Entrance {
  readonly site: Site;
  readonly authenticate: Authenticate;
  /** Given if people sign in here. */
  readonly visit?: (request: FastifyRequest, reply: FastifyReply) => Visit;
  /** Whether browsers are served the console here. */
  readonly pages?: boolean;
}

export function createPeopleListener(
  served: ServedPeople,
  { site, authenticate, visit, pages }: Entrance,
  log: Log,
): FastifyInstance {
  const { streams, signIn, refusals, approvals, clock, metrics, giversOf } = served;
  const noteCall = metrics?.note.bind(metrics);
  const gate: Gate = { authenticate, refusals, approvals, clock, giversOf, noteCall };
  const files = pages === true ? readConsoleFiles() : undefined;
  const app = createApplication({
    audience: PEOPLE,
    log,
    parse: parseBody,
    noteOdd: (request, code) => noteOdd(gate, log, request, code),
    answerNone: ({ raw }, reply) => {
      if (files === undefined || !isForPage(raw)) return undefined;
      requireOwnOrigin(raw, site);
      return sendPage(reply, files, 404);
    },
    noSuchCall: () =>
      new KeystairError('not-available-yet', 'this server has no such call', {
        nextStep: 'compare the versions of the command line and the server',
      }),
  });
  app.addHook('onRequest', (request, _reply, done) => {
    requireOwnOrigin(request.raw, site);
    done();
  });
  addCallRoutes(app, gate, served, visit);
  addOpenPages(app, served.open);
  if (pages === true) addConsoleFiles(app, files);
  if (metrics !== undefined) addMetrics(app, gate, metrics);
  if (visit !== undefined && signIn !== undefined) addSignIn(app, signIn, visit);
  addStreamRoutes(app, gate, streams, log);
  return app;
}

/** The text format of Prometheus. */
const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A scrape needs the right to see the status, usually with the key of a service account. */
function addMetrics(app: FastifyInstance, gate: Gate, metrics: Metrics): void {
  const route = { method: 'GET', path: '/metrics', rights: [read('Administration Server')] } as const;
  addCall(
    app,
    gate,
    'metrics',
    route,
    async (_request, reply, allow) => {
      await allow({});
      return sendText(reply, PEOPLE, 200, METRICS_MEDIA_TYPE, await metrics.text());
    },
    route.path,
  );
}

/** The callers are not known yet, so bodies are small, and each operation has its own budget. */
function addSignIn(
  app: FastifyInstance,
  api: SignInApi,
  visit: (request: FastifyRequest, reply: FastifyReply) => Visit,
): void {
  for (const name of Object.keys(SIGN_IN_ROUTES) as SignInRouteName[]) {
    const route: OpenRoute = SIGN_IN_ROUTES[name];
    app.route({
      method: route.method,
      url: routedPath(route.path),
      bodyLimit: SIGN_IN_BYTES_MAX,
      onRequest: async ({ raw }) => endBodyAfter(raw, REQUEST_MS_MAX),
      handler: async (request, reply) => {
        const asked = requireForm(PEOPLE, route.request, fieldsOf(route, request));
        const handler = api[name] as (visit: Visit, request: unknown) => Promise<unknown>;
        return send(reply, PEOPLE, 200, 'application/json', await handler(visit(request, reply), asked));
      },
    });
  }
}
