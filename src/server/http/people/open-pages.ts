/**
 * What anybody who reaches the people's listener may read: the API's document and a page of it, and whether the server
 * is alive and ready. None of it reveals anything about this server's data.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { API_PREFIX } from '#protocol/people/people-route.ts';
import { PEOPLE, send, sendText } from '../replies.ts';

export interface OpenPages {
  readonly serverName: string;
  /** Why the server is not ready for calls; undefined if it is. */
  readonly notReady: () => Promise<string | undefined>;
}

export function addOpenPages(app: FastifyInstance, { serverName, notReady }: OpenPages): void {
  // Made at the first request, because it takes half as long as starting a server.
  let made:
    | Promise<{ readonly document: string; readonly page: string; readonly policy: string }>
    | undefined;
  const documents = () => (made ??= makeDocuments(serverName));
  app.get(`${API_PREFIX}/openapi.json`, async (_request, reply) =>
    sendText(reply, PEOPLE, 200, 'application/json', (await documents()).document),
  );
  app.get('/api', async (_request, reply) => {
    const { page, policy } = await documents();
    const headers = { ...PEOPLE.headers, 'content-security-policy': policy };
    return sendText(reply, { ...PEOPLE, headers }, 200, 'text/html; charset=utf-8', page);
  });
  app.get('/healthz', async (_request, reply) =>
    send(reply, PEOPLE, 200, 'application/json', { status: 'alive' }),
  );
  app.get('/readyz', async (_request, reply) => readiness(reply, await notReady()));
}

function readiness(reply: FastifyReply, because: string | undefined): FastifyReply {
  return because === undefined
    ? send(reply, PEOPLE, 200, 'application/json', { status: 'ready' })
    : send(reply, PEOPLE, 503, 'application/json', { status: 'not-ready', because });
}

async function makeDocuments(serverName: string) {
  const [{ openApiDocument }, { apiPage, API_PAGE_POLICY }] = await Promise.all([
    import('#protocol/people/openapi.ts'),
    import('./api-page.ts'),
  ]);
  const document = openApiDocument();
  return { document: JSON.stringify(document), page: apiPage(document, serverName), policy: API_PAGE_POLICY };
}
