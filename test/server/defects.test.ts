/** A defect of ours: the caller learns that there was one and nothing of it, and the log says where it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApplication } from '#server/http/application.ts';
import { PEOPLE } from '#server/http/replies.ts';

test('a call that fails for no reason of its caller is logged, and answered without a word of the inside', async () => {
  const logged: Readonly<Record<string, unknown>>[] = [];
  const write = (fields: Readonly<Record<string, unknown>>): void => void logged.push(fields);
  const app = createApplication({
    audience: PEOPLE,
    log: { info: write, warn: write, error: write },
    parse: JSON.parse,
    noSuchCall: () => assert.fail(),
  });
  app.get('/broken', () => {
    throw new TypeError('mArK: cannot read the password of undefined');
  });
  const { statusCode, body, headers } = await app.inject('/broken');
  assert.equal(statusCode, 500);
  assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
  assert.doesNotMatch(body, /mArK|password|TypeError|\.ts|at /);
  const [failed] = logged;
  assert.deepEqual([logged.length, failed?.['event'], failed?.['route']], [1, 'call-failed', '/broken']);
  assert.match(String(failed?.['because']), /^TypeError at .*defects\.test\.ts/);
  assert.doesNotMatch(JSON.stringify(logged), /mArK/);
  await app.close();
});
