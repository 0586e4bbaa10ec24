/** What people are told to do next: plain words on every surface, commands on this one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureWords, NEXT_STEPS, noticeWords, stepWords } from '#cli/next-steps.ts';
import { KeystairError } from '#domain/errors.ts';
import { plainWords, step } from '#domain/step.ts';
import { type StepName, STEPS } from '#domain/steps.ts';
import { errorFromProblem, problemOf } from '#protocol/problem.ts';

const names = Object.keys(STEPS) as StepName[];
const detailsIn = (words: string): string[] => [...words.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);

test('the plain words of a step name no command, and those of the command line no detail that it lacks', () => {
  for (const name of names) {
    assert.doesNotMatch(STEPS[name], /keystair [a-z]|--(?!decrypt)/, name);
    const has = detailsIn(STEPS[name]);
    assert.deepEqual(
      detailsIn(NEXT_STEPS[name]).filter((detail) => !has.includes(detail)),
      [],
      name,
    );
  }
});

test('a failure that travelled names the same command as one of this program', () => {
  const failure = new KeystairError('not-found', 'this server does not have key K', {
    nextStep: step('explain-key', { key: 'K' }),
  });
  const problem = problemOf(failure);
  assert.deepEqual(problem.step, { name: 'explain-key', details: { key: 'K' } });
  assert.equal(problem.nextStep, plainWords(step('explain-key', { key: 'K' })));
  const back = errorFromProblem(404, JSON.parse(JSON.stringify(problem)));
  assert.equal(failureWords(back), 'this server does not have key K; ask why with `keystair keys explain K`');
  assert.equal(back.sentence, failure.sentence);
});

test('of a step that this release does not know, or that is not whole, the plain sentence is shown', () => {
  const problem = problemOf(new KeystairError('later', 'too much at once', { nextStep: 'wait a while' }));
  for (const unknown of [
    { name: 'wait', details: {} },
    { name: 'explain-key', details: {} },
    { name: 'explain-key', details: { key: { toString: 'K' } } },
    { name: 'explain-key', details: { key: 'K'.repeat(5000) } },
    { name: 'explain-key' },
    { name: 'toString', details: {} },
    { name: ['unseal'], details: {} },
    'unseal',
    null,
  ]) {
    const back = errorFromProblem(429, { ...problem, step: unknown });
    assert.deepEqual([back.code, failureWords(back)], ['later', 'too much at once; wait a while']);
  }
});

test('a detail in a command is one word of the shell, and elsewhere it is as it is', () => {
  const odd = "a b'; rm -rf {path}";
  assert.equal(
    stepWords(step('start-server', { directory: odd })),
    String.raw`start it with \`keystair server start --data 'a b'\''; rm -rf {path}'\``.replaceAll(
      '\\`',
      '`',
    ),
  );
  assert.equal(plainWords(step('start-server', { directory: odd })), `start the server of ${odd}`);
  assert.ok(stepWords(step('leave-loop', { server: odd })).includes(` ${odd}`));
});

test('several steps are all told, each in the words of the surface', () => {
  const failure = new KeystairError('device-stays', 'it stays', {
    nextStep: [step('bring-key'), 'enrol again'],
  });
  assert.equal(failureWords(failure), `it stays; ${stepWords(step('bring-key'))}; enrol again`);
  assert.equal(failure.sentence, `it stays; ${plainWords(step('bring-key'))}; enrol again`);
  assert.deepEqual([problemOf(failure).nextStep, problemOf(failure).step], [failure.nextStep, undefined]);
});

test('a warning without a next step is shown as it is', () => {
  assert.equal(noticeWords({ sentence: 'the row was altered' }), 'the row was altered');
});
