/** `hierarchy show` for a person: the tree, indented, with the server that was asked marked. */
import { eachServer } from '#domain/each-server.ts';
import type { TreeServer } from '#protocol/server-tree.ts';
import type { HierarchyAnswer } from '#protocol/people/people-answers.ts';
import { anyProblem, type Line, stateTable, type StateWord } from './state-words.ts';
import { DMZ_ADVICE, onOrOff, when, yesOrNo } from './words.ts';

type ShownServer = Omit<TreeServer, 'secondaries'>;

function row(
  server: ShownServer,
  depth: number,
  mark = '',
  lastHeartbeat = when(server.lastHeartbeatAt),
): (string | StateWord)[] {
  return [
    `${'  '.repeat(depth)}${server.name}${mark}`,
    server.id,
    onOrOff(server.useHierarchy),
    yesOrNo(server.dmz),
    server.waiting === null ? 'unknown' : String(server.waiting),
    lastHeartbeat,
    anyProblem(server.problem),
  ];
}

export function hierarchyLines(tree: Omit<HierarchyAnswer, 'sealable'>): Line[] {
  const above = tree.primary === null ? [] : [row(tree.primary, 0)];
  // A problem between the two is shown once.
  const here =
    tree.server.problem === tree.primary?.problem ? { ...tree.server, problem: null } : tree.server;
  const below = [...eachServer(tree.secondaries)];
  const dmz = tree.server.dmz || tree.primary?.dmz === true || below.some(({ server }) => server.dmz);
  return [
    ...stateTable(
      ['Server', 'Id', 'Option', 'DMZ', 'Waiting', 'Last heartbeat', 'Problem'],
      [
        ...above,
        // A server without a primary sends no heartbeats, and `never` would sound like a fault.
        row(here, above.length, ' (this server)', tree.primary === null ? '–' : undefined),
        ...below.map(({ server, depth }) => row(server, above.length + 1 + depth)),
      ],
    ),
    ...(dmz ? ['', DMZ_ADVICE] : []),
  ];
}
