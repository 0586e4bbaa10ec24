/** States are words; colours and signs come on a terminal alone, where they are wanted, and move nothing. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { shownLine, ok, problem, stateLine, stateTable } from '#cli/state-words.ts';
import { unlessInstalled } from '#test/agent/system-tools.ts';
import { onTerminal } from '#test/support/on-terminal.ts';
import { organisation, type Server } from '#test/support/organisation.ts';

const place = organisation('state-words');
let oslo: Server;
before(async () => {
  oslo = await place.server('Oslo');
});

const LAUNCHER = join(import.meta.dirname, '../../bin/keystair');
const ESCAPE = '\u001B';

test('a coloured table says the same words in the same columns', () => {
  const lines = stateTable(
    ['Server', 'Link', 'Has'],
    [
      ['Oslo', ok('connected'), 'no'],
      ['Lyon', 'not asked', 'yes'],
    ],
  );
  assert.deepEqual(
    lines.map((line) => shownLine(line, false)),
    ['SERVER  LINK       HAS', 'Oslo    connected  no', 'Lyon    not asked  yes'],
  );
  const coloured = lines.map((line) => shownLine(line, true));
  assert.ok(coloured[1]!.includes(`${ESCAPE}[32m✔ connected${ESCAPE}[0m`));
  const bare = coloured.map((line) => line.replaceAll(`${ESCAPE}[32m`, '').replaceAll(`${ESCAPE}[0m`, ''));
  assert.deepEqual(bare, ['SERVER  LINK         HAS', 'Oslo    ✔ connected  no', 'Lyon    not asked    yes']);
});

test('a state that came from elsewhere brings no colour of its own', () => {
  const line = stateLine('Problem: ', problem(`${ESCAPE}[32mall is well\n`));
  assert.equal(shownLine(line, true).split(ESCAPE).length - 1, 2, 'ours begins and ends');
  assert.ok(!shownLine(line, false).includes(ESCAPE));
});

test('signs and colours come on a terminal alone, and not where they are not wanted or with --json', {
  skip: unlessInstalled('script'),
}, async () => {
  const verify = (manner: string, ...more: string[]) =>
    onTerminal(`env ${manner} '${LAUNCHER}' server verify --data ${oslo.data} ${more.join(' ')}`, []);
  const [wanted, empty, unwanted, dumb, json] = await Promise.all([
    verify('-u NO_COLOR TERM=xterm'),
    verify('NO_COLOR= TERM=xterm'),
    verify('NO_COLOR=1 TERM=xterm'),
    verify('-u NO_COLOR TERM=dumb'),
    verify('-u NO_COLOR TERM=xterm', '--json'),
  ]);
  for (const { status, shown } of [wanted, empty, unwanted, dumb, json]) assert.equal(status, 0, shown);
  const sign = `${ESCAPE}[32m✔ `;
  assert.deepEqual(
    [wanted, empty, unwanted, dumb, json].map(({ shown }) => shown.includes(sign)),
    [true, true, false, false, false],
  );
  assert.ok(!(await oslo.run(['server', 'verify'])).stdout.includes(ESCAPE), 'into a pipe');
});
