/** `hierarchy show` for a person: the tree, indented, the server that was asked marked. */
import type { TreeServer } from '#protocol/messages.ts';
import type { HierarchyAnswer } from '#protocol/people-answers.ts';
import { table } from './table.ts';
import { DMZ_ADVICE, onOrOff, when, yesOrNo } from './words.ts';

type ShownServer = Omit<TreeServer, 'secondaries'>;

function row(
  server: ShownServer,
  depth: number,
  mark = '',
  lastHeartbeat = when(server.lastHeartbeatAt),
): string[] {
  return [
    `${'  '.repeat(depth)}${server.name}${mark}`,
    server.id,
    onOrOff(server.useHierarchy),
    yesOrNo(server.dmz),
    server.waiting === null ? 'unknown' : String(server.waiting),
    lastHeartbeat,
    server.problem ?? '',
  ];
}

function rowsBelow(servers: readonly TreeServer[], depth: number): string[][] {
  return servers.flatMap((server) => [row(server, depth), ...rowsBelow(server.secondaries, depth + 1)]);
}

function anyDmz(servers: readonly TreeServer[]): boolean {
  return servers.some((server) => server.dmz || anyDmz(server.secondaries));
}

export function hierarchyLines(tree: HierarchyAnswer): string[] {
  const above = tree.primary === null ? [] : [row(tree.primary, 0)];
  // What is wrong between the two is told once.
  const here =
    tree.server.problem === tree.primary?.problem ? { ...tree.server, problem: null } : tree.server;
  const dmz = tree.server.dmz || tree.primary?.dmz === true || anyDmz(tree.secondaries);
  return [
    ...table(
      ['Server', 'Id', 'Option', 'DMZ', 'Waiting', 'Last heartbeat', 'Problem'],
      [
        ...above,
        // With nobody above it a server sends none, and `never` would sound like a fault.
        row(here, above.length, ' (this server)', tree.primary === null ? '–' : undefined),
        ...rowsBelow(tree.secondaries, above.length + 1),
      ],
    ),
    ...(dmz ? ['', DMZ_ADVICE] : []),
  ];
}
