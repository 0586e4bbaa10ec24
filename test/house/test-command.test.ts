/** The test command tells the truth about a test file, also of one that hangs, leaks, crashes or tests nothing. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { runTestFile, type TestFileResult } from '#test/support/run-test-file.ts';
import { hasFailed, lookAgain, SECOND_LOOKS_MAX } from '#test/support/second-look.ts';

const inFolder = temporaryFolder('test-command');
/** Longer than a busy machine takes to begin a file. */
const HANGS_AFTER_MS = 5000;
let made = 0;

/** Runs a test file with this content. */
async function runContent(content: string, millisecondsMax = 30_000): Promise<TestFileResult> {
  made += 1;
  const path = inFolder(`planted-${made}.test.mjs`);
  writeFileSync(path, `import { describe, before, test } from 'node:test';\n${content}`);
  return await runTestFile(path, { millisecondsMax });
}

function outcomes({ tests }: TestFileResult): string[] {
  return tests.map(({ path, outcome }) => `${outcome}: ${path.join(' > ')}`);
}

test('passing, failing, skipping and unfinished tests are told apart, at any depth', async () => {
  const result = await runContent(`
    test('good', () => {});
    test('bad', () => { throw new Error('the reason'); });
    test('not here', { skip: 'install something' }, () => {});
    describe('suite', () => {
      test('inner', async (t) => { await t.test('innermost', () => { throw new Error('deep reason'); }); });
    });
    test('some day', { todo: true }, () => {});
  `);
  assert.equal(result.fault, undefined);
  assert.deepEqual(outcomes(result), [
    'passed: good',
    'failed: bad',
    'skipped: not here',
    'failed: suite > inner > innermost',
    'failed: suite > inner',
    'todo: some day',
  ]);
  assert.match(result.tests[1]!.text, /the reason/);
  assert.equal(result.tests[2]!.text, 'install something');
  assert.match(result.tests[3]!.text, /deep reason/);
});

test('a hook that fails is a failure, and what it kept from running is told', async () => {
  const result = await runContent(
    "describe('suite', () => { before(() => { throw new Error('no'); }); test('never', () => {}); });",
  );
  assert.deepEqual(outcomes(result), ['cancelled: suite > never', 'failed: suite']);
});

test('a test that hangs is killed and named', async () => {
  const result = await runContent(
    "test('first', () => {}); test('stuck', async () => { setInterval(() => {}, 1000); await new Promise(() => {}); });",
    HANGS_AFTER_MS,
  );
  assert.deepEqual(outcomes(result), ['passed: first']);
  assert.match(result.fault ?? '', /^killed after 5 s in: stuck$/);
});

test('a handle left open is a fault although every test passed', async () => {
  const result = await runContent("test('leaks', () => { setInterval(() => {}, 1000); });", HANGS_AFTER_MS);
  assert.match(result.fault ?? '', /a handle is left open/);
});

test('a process that a test leaves behind ends with it', async () => {
  const result = await runContent(`
    import { spawn } from 'node:child_process';
    test('leaves one', () => { console.log('pid', spawn('sleep', ['1000'], { stdio: 'inherit' }).unref() ?? ''); });
  `);
  assert.equal(result.fault, undefined);
});

test('a file that crashes, ends early or holds no tests is a fault', async () => {
  assert.match((await runContent("import './not-there.mjs';")).fault ?? '', /^ended before its tests did/);
  assert.match(
    (await runContent("test('x', () => process.exit(0));")).fault ?? '',
    /^(?:ended before its tests did|holds no tests)/,
  );
  assert.equal((await runContent("console.log('no tests');")).fault, 'holds no tests');
  const late = await runContent("test('x', () => { process.on('exit', () => { process.exitCode = 3; }); });");
  assert.equal(late.fault, 'exit 3 although no test failed');
});

test('what the tests printed is kept', async () => {
  const result = await runContent(
    "console.log('to stdout'); console.error('to stderr'); test('x', () => {});",
  );
  assert.match(result.printed, /to stdout[^]*to stderr/);
});

test('only a few files that drive a browser are run again, and what they said at first is kept', async () => {
  const good = await runContent("test('good', () => {});");
  const bad = await runContent("test('bad', () => { throw new Error('no'); });");
  const ran: string[] = [];
  const look = async (files: readonly string[], again = good) => {
    ran.length = 0;
    const results = [{ file: 'test/server/good.test.ts', result: good }];
    return await lookAgain([...results, ...files.map((file) => ({ file, result: bad }))], (file) => {
      ran.push(file);
      return Promise.resolve(again);
    });
  };
  const pages = Array.from({ length: SECOND_LOOKS_MAX + 1 }, (_, at) => `test/console/${at}.long.test.ts`);
  const few = pages.slice(1);

  const mended = await look(few);
  assert.deepEqual(ran, few);
  assert.deepEqual(
    mended.map(({ result }) => hasFailed(result)),
    [false, false, false],
  );
  assert.deepEqual(
    mended.map(({ first }) => first),
    [undefined, bad, bad],
  );
  assert.equal((await look(few, bad)).filter(({ result }) => hasFailed(result)).length, few.length);
  await look(pages);
  assert.deepEqual(ran, []);
  await look([pages[0]!, 'test/server/keys.test.ts']);
  assert.deepEqual(ran, []);
});
