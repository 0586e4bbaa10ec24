/** A failure is one line that names a code and the next step. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { failureLine, failureOf, failureTrace } from '#cli/failure.ts';
import { KeystairError } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';

test('a failure of ours keeps its code and its next step', () => {
  const error = new KeystairError('no-primary', 'this server has no primary', { nextStep: 'join one' });
  assert.equal(failureLine(failureOf(error)), 'keystair: no-primary: this server has no primary; join one');
});

test('it is one line, whatever was put into its message', () => {
  const error = new KeystairError('not-found', 'no key "a\r\n  b\u001b[2J"');
  assert.equal(failureLine(error), 'keystair: not-found: no key "a b\\u{1B}[2J"');
});

test("a failure of the operating system gets a code of ours and the path's name", () => {
  let thrown: unknown;
  try {
    readFileSync('/nowhere/at-all');
  } catch (error) {
    thrown = error;
  }
  assert.equal(
    failureLine(failureOf(thrown)),
    'keystair: not-found: could not open /nowhere/at-all: it does not exist; check the path',
  );
});

test('of a crash the line says nothing but that it happened and how to see more', () => {
  const failure = failureOf(new TypeError('secret material in here'));
  assert.equal(failure.code, 'internal');
  assert.match(failureLine(failure), REFUSED.internal.debug);
  assert.doesNotMatch(failureLine(failure), /secret material/);
  assert.match(failureTrace(failure), /caused by: TypeError: secret material in here\n {4}at /);
});
