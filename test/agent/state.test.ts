/** The agent's state is its owner's. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { AgentState } from '#agent/state.ts';
import { unlessRoot } from '#test/support/small-disk.ts';
import { temporaryFolder } from './temporary-folder.ts';

const inFolder = temporaryFolder('agent-state');
const NOBODY = 65_534;

/** What comes of opening it as another user: in a process that loads all it needs and then becomes that user. */
function openedByAnother(directory: string): string {
  const program = `
    const { AgentState } = await import('#agent/state.ts');
    process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY});
    try {
      AgentState.open(${JSON.stringify(directory)}, { create: false });
      console.log('opened');
    } catch (error) {
      console.log(error.code + ': ' + error.sentence);
    }`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program];
  const cwd = join(import.meta.dirname, '../..');
  return execFileSync(process.execPath, args, { cwd, encoding: 'utf8' });
}

test('whoever is not its owner is told so, and not that this device never enrolled', {
  skip: unlessRoot(),
}, () => {
  const directory = inFolder('owned');
  AgentState.open(directory, { create: true }).close();
  assert.match(openedByAnother(directory), /^not-allowed: [^\n]*run the command as the user who enrolled/);
});

test('where there is none, the sentence says how to enrol', () => {
  assert.throws(() => AgentState.open(inFolder('absent'), { create: false }), {
    code: 'not-enrolled',
    sentence: /keystair agent enrol/,
  });
});
