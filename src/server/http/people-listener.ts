/**
 * The listener for people: JSON over HTTP on the data directory's socket. Whoever may open the socket owns the
 * directory, and calls with all rights as the local administrator.
 */
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { KeystairError } from '#domain/errors.ts';
import { REQUEST_BYTES_MAX } from '#domain/limits.ts';
import { type Caller, demandRight, LOCAL_ADMINISTRATOR } from '#domain/right.ts';
import { PEOPLE_ROUTES, type PeopleRouteName } from '#protocol/people-routes.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from '#protocol/problem.ts';
import type { Backups } from '../backup/backups.ts';
import type { Log } from '../ports.ts';
import type { Transfers } from '../transfer/transfers.ts';
import { malformed } from './malformed.ts';
import type { PeopleApi } from './people-api.ts';
import { addTransferRoutes } from './transfer-listener.ts';

export function createPeopleListener(
  api: PeopleApi,
  transfers: Transfers,
  backups: Backups,
  log: Log,
): FastifyInstance {
  const app = fastify({
    bodyLimit: REQUEST_BYTES_MAX,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
  });
  for (const name of Object.keys(PEOPLE_ROUTES) as PeopleRouteName[]) {
    const route = PEOPLE_ROUTES[name];
    app.route({
      method: route.method,
      url: route.path,
      handler: async (request, reply) => {
        const caller: Caller = LOCAL_ADMINISTRATOR;
        demandRight(caller, route.right);
        const fields = {
          ...(request.params as object),
          ...(request.query as object),
          ...(request.body as object | undefined),
        };
        const parsed = route.request.safeParse(fields);
        if (!parsed.success) throw malformed(parsed.error.issues[0]);
        const handler = api[name] as (caller: Caller, request: unknown) => Promise<unknown>;
        return send(reply, 200, 'application/json', await handler(caller, parsed.data));
      },
    });
  }
  addTransferRoutes(app, transfers, backups);
  app.setNotFoundHandler((_request, reply) =>
    send(
      reply,
      404,
      PROBLEM_MEDIA_TYPE,
      problemOf(
        new KeystairError('not-available-yet', 'this server has no such call', {
          nextStep: 'compare the versions of the command line and the server',
        }),
      ),
    ),
  );
  app.setErrorHandler((error, request, reply) => {
    const status = (error as { statusCode?: number }).statusCode;
    const malformedRequest = status !== undefined && status < 500 && !(error instanceof KeystairError);
    const failure = malformedRequest ? malformed(undefined) : error;
    const problem = problemOf(failure);
    if (problem.status >= 500) {
      log.error(
        {
          event: 'call-failed',
          route: request.url.split('?')[0],
          code: problem.code,
          because: whatFailed(failure),
        },
        'a call failed',
      );
    }
    return send(reply, problem.status, PROBLEM_MEDIA_TYPE, problem);
  });
  return app;
}

function whatFailed(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return error instanceof KeystairError
    ? error.sentence
    : `${error.name} ${error.stack?.split('\n')[1]?.trim() ?? ''}`;
}

function send(reply: FastifyReply, status: number, contentType: string, document: unknown): FastifyReply {
  return reply.code(status).header('content-type', contentType).send(JSON.stringify(document));
}
