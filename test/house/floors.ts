/** The floors inside the server: each of its rooms imports only rooms of lower floors. And: no circle of files, anywhere. */
import { posix } from 'node:path';
import { importsOf, type SourceFile } from './source-text.ts';

/** From the top down. Rooms of one floor do not know each other; what lies beside `main.ts` wires them all. */
export const SERVER_FLOORS: readonly (readonly string[])[] = [
  ['http'],
  ['status', 'backup'],
  ['transfer', 'integrity', 'jobs', 'processes'],
  ['start'],
  ['devices', 'seals', 'approvals'],
  ['keys'],
  ['hierarchy'],
  ['members', 'records', 'people', 'notices', 'forwarding'],
  ['groups'],
  ['checkpoints'],
  ['repository'],
  ['changes'],
  ['audit'],
  ['environment'],
];

const SERVER = 'src/server/';
/** Where the larger of both is made of the smaller. */
const HIERARCHY_PORTS = 'src/server/hierarchy/ports.ts';

/** The room of a file of the server; '' for what lies beside its `main.ts`, undefined outside. */
function roomOf(path: string): string | undefined {
  if (!path.startsWith(SERVER)) return undefined;
  const parts = path.slice(SERVER.length).split('/');
  return parts.length === 1 ? '' : parts[0]!;
}

function floorOf(room: string): number {
  return room === '' ? -1 : SERVER_FLOORS.findIndex((rooms) => rooms.includes(room));
}

function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(path), specifier);
  return specifier.startsWith('#') ? `src/${specifier.slice(1)}` : undefined;
}

export function floorFaults(file: SourceFile): string[] {
  const room = roomOf(file.path);
  if (room === undefined || room === '') return [];
  const floor = floorOf(room);
  if (floor === -1) return [`the room ${room} stands on no floor`];
  return importsOf(file.text).flatMap(({ specifier }) => {
    const target = roomOf(targetOf(file.path, specifier) ?? '');
    if (target === undefined || target === room || floorOf(target) > floor) return [];
    return [`${room}/ may not import ${specifier}: it does not lie below`];
  });
}

/** Everything a server has, handed whole to one operation: it says by `Pick` which of it it uses. */
export function wholePortsFaults(file: SourceFile): string[] {
  if (roomOf(file.path) === undefined || roomOf(file.path) === '' || file.path === HIERARCHY_PORTS) return [];
  const found = [...file.text.matchAll(/(?:: |extends )(ServerPorts|HierarchyPorts)\b/g)];
  return found.map(([, name]) => `takes all of ${name}`);
}

/** Files that import each other, by however many steps; imports of types count. One sentence a circle. */
export function circles(files: readonly SourceFile[]): string[] {
  const imports = new Map(
    files.map(({ path, text }) => [
      path,
      importsOf(text).flatMap(({ specifier }) => targetOf(path, specifier) ?? []),
    ]),
  );
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at !== -1) found.push([...way.slice(at), path].join(' -> '));
    if (at !== -1 || done.has(path)) return;
    for (const target of imports.get(path) ?? []) walk(target, [...way, path]);
    done.add(path);
  };
  for (const { path } of files) walk(path, []);
  return found;
}

/** What the document's picture of the floors says otherwise than the house. */
export function pictureFaults(document: string, rooms: readonly string[]): string[] {
  const faults = rooms
    .filter((room) => floorOf(room) === -1)
    .map((room) => `src/server/${room}/ has no floor`);
  const picture = /## Floors of the server[\s\S]*?```\n([\s\S]*?)```/.exec(document)?.[1] ?? '';
  const drawn = picture
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => [...line.matchAll(/\b([a-z-]+)\//g)].map(([, room]) => room!));
  if (JSON.stringify(drawn) !== JSON.stringify(SERVER_FLOORS)) {
    faults.push(`the picture shows ${JSON.stringify(drawn)}, the house has ${JSON.stringify(SERVER_FLOORS)}`);
  }
  return faults;
}
