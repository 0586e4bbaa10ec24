/** The tree as a person sees it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hierarchyLines as linesOf } from '#cli/hierarchy-lines.ts';
import { shownLine } from '#cli/state-words.ts';

const hierarchyLines = (tree: Parameters<typeof linesOf>[0]): string[] =>
  linesOf(tree).map((line) => shownLine(line, false));
import { SHOWN } from '#test/sentences/shown.ts';

function server(
  name: string,
  more: { lastHeartbeatAt?: string; dmz?: boolean; waiting?: number | null; problem?: string } = {},
) {
  return {
    id: '302f5f7d-a581-45ae-88f6-c95630281404',
    name,
    useHierarchy: true,
    dmz: false,
    waiting: 0,
    lastHeartbeatAt: null,
    problem: null,
    ...more,
  };
}

test('the tree is indented, and of a root, which has nobody to send heartbeats to, none is said to be missing', () => {
  const lyon = { ...server('Lyon', { lastHeartbeatAt: '2026-11-26T01:38:53.000Z' }), secondaries: [] };
  const silent = { ...server('Oslo', { waiting: 3 }), secondaries: [] };
  const [, root, first, second, ...more] = hierarchyLines({
    server: server('Headquarters'),
    primary: null,
    secondaries: [lyon, silent],
  });
  assert.match(root!, SHOWN.thisIsHeadquarters);
  assert.match(first!, /^ {2}Lyon .* 2026-11-26 01:38:53 UTC\s*$/);
  assert.match(second!, /^ {2}Oslo .* 3 +never\s*$/);
  assert.deepEqual(more, []);
});

test('a server with a primary stands below it, and one link in a DMZ brings the advice', () => {
  const lines = hierarchyLines({
    server: server('Lyon', { lastHeartbeatAt: '2026-11-26T01:38:53.000Z' }),
    primary: server('Headquarters', { dmz: true, waiting: null }),
    secondaries: [],
  });
  assert.match(lines[1]!, /^Headquarters .* yes +unknown /);
  assert.match(lines[2]!, SHOWN.lyonBelow);
  assert.match(lines.at(-1)!, SHOWN.byHand);
});

test('what is wrong with the link to the primary is told once', () => {
  const problem = 'Headquarters is not reached';
  const lines = hierarchyLines({
    server: server('Lyon', { problem }),
    primary: server('Headquarters', { problem, waiting: null }),
    secondaries: [{ ...server('Oslo', { problem: 'not heard' }), secondaries: [] }],
  });
  assert.deepEqual(
    lines.map((line) => [line.includes(problem), line.includes('not heard')]),
    [
      [false, false],
      [true, false],
      [false, false],
      [false, true],
    ],
  );
});
