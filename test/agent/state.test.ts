/** The agent's state is its owner's. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { AgentState } from '#agent/state.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { asNobody, NOBODY } from '#test/support/as-nobody.ts';
import { unlessRoot } from '#test/support/small-disk.ts';
import { temporaryFolder } from './temporary-folder.ts';

const inFolder = temporaryFolder('agent-state');
const skip = unlessRoot();

/** What comes of opening it as another user. */
function openedByAnother(directory: string): Promise<string> {
  const program = `
    try {
      AgentState.open(${JSON.stringify(directory)}, { create: false });
      console.log('opened');
    } catch (error) {
      console.log(error.code + ': ' + error.sentence);
    }`;
  return asNobody(program, "import { AgentState } from '#agent/state.ts';").ended;
}

test('whoever is not its owner is told so, and not that this device never enrolled', { skip }, async () => {
  const directory = inFolder('owned');
  AgentState.open(directory, { create: true }).close();
  assert.match(await openedByAnother(directory), REFUSED['not-allowed'].notTheUser);
});

test('where there is none, the sentence says how to enrol', () => {
  assert.throws(() => AgentState.open(inFolder('absent'), { create: false }), {
    code: 'not-enrolled',
    nextSteps: [{ name: 'enrol-device', details: {} }],
  });
});

test('it is made for its owner alone, whatever the umask, with the folders above', () => {
  for (const [name, umask] of [
    ['careless', 0o000],
    ['strict', 0o777],
  ] as const) {
    const before = process.umask(umask);
    try {
      AgentState.open(inFolder(`${name}/state`), { create: true }).close();
    } finally {
      process.umask(before);
    }
    for (const [path, mode] of [
      [name, 0o700],
      [`${name}/state`, 0o700],
      [`${name}/state/agent.db`, 0o600],
    ] as const) {
      assert.equal(statSync(inFolder(path)).mode & 0o777, mode, path);
    }
  }
});

test('a state directory that others may write, or that is theirs, is refused with what mends it', {
  skip,
}, () => {
  const directory = inFolder('open');
  AgentState.open(directory, { create: true }).close();
  for (const create of [true, false]) {
    chmodSync(directory, 0o770);
    assert.throws(() => AgentState.open(directory, { create }), {
      code: 'data-exposed',
      sentence: REFUSED['data-exposed'].closeIt(directory),
    });
    chmodSync(directory, 0o700);
    chownSync(directory, NOBODY, NOBODY);
    assert.throws(() => AgentState.open(directory, { create }), {
      code: 'data-exposed',
      sentence: REFUSED['data-exposed'].takeIt(directory),
    });
    chownSync(directory, 0, 0);
  }
  AgentState.open(directory, { create: false }).close();
});

test('a file of the state that is a link or of another user is not opened, and what it leads to stays as it is', {
  skip,
}, () => {
  const aim = inFolder('aim');
  writeFileSync(aim, '');
  chmodSync(aim, 0o644);
  for (const name of ['agent.db', 'agent.db-journal']) {
    mkdirSync(inFolder(`linked-${name}`));
    symlinkSync(aim, inFolder(`linked-${name}/${name}`));
    assert.throws(() => AgentState.open(inFolder(`linked-${name}`), { create: true }), {
      code: 'data-exposed',
    });
  }
  assert.deepEqual([statSync(aim).mode & 0o777, statSync(aim).size], [0o644, 0]);
  mkdirSync(inFolder('laid'));
  writeFileSync(inFolder('laid/agent.db'), '');
  chownSync(inFolder('laid/agent.db'), NOBODY, NOBODY);
  assert.throws(() => AgentState.open(inFolder('laid'), { create: true }), { code: 'data-exposed' });
});
