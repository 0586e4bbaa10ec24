/**
 * What a person's call is compared with: the listener that people's calls have, with its TLS, its limits and its
 * headers, in front of a handler that answers a constant and knows nobody. A process of its own.
 *
 * Started with one argument, a JSON file.
 */
import { readFileSync } from 'node:fs';
import { createApplication } from '#server/http/application.ts';
import { openConsoleListener } from '#server/http/people/console-listener.ts';
import { requireOwnOrigin } from '#server/http/people/request-origin.ts';
import { PEOPLE, send } from '#server/http/replies.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import { silent } from '../servers/make-repository.ts';

export interface PeopleReferenceOptions {
  readonly leaf: TlsCredentials;
  /** Of the constant answer. */
  readonly answerBytes: number;
}

const options = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as PeopleReferenceOptions;
const listener = await openConsoleListener({
  address: { secure: true, listen: { host: '127.0.0.1', port: 0 }, url: undefined },
  credentials: options.leaf,
  files: undefined,
  log: silent,
  timers: { after: () => () => {} },
});
const app = createApplication({
  audience: PEOPLE,
  log: silent,
  parse: JSON.parse,
  noSuchCall: () => {
    throw new Error('the reference has no such call');
  },
});
app.addHook('onRequest', (request, _reply, done) => {
  requireOwnOrigin(request.raw, listener.site);
  done();
});
const answer = { outcome: 'reference', padding: 'x'.repeat(options.answerBytes) };
app.get('/empty', (_request, reply) => send(reply, PEOPLE, 200, 'application/json', answer));
await listener.serve(app);
process.stdout.write(`${new URL(listener.url).host}\n`);
process.once('SIGTERM', () => process.exit(0));
