/** The tree as this server shows it, and what its states mean. */
import { useQuery } from '@tanstack/react-query';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { State } from '../parts/state-mark.tsx';
import { call } from './call.ts';

export type Hierarchy = PeopleAnswer<'showHierarchy'>;
export type ShownServer = Hierarchy['server'];
export type TreeServer = Hierarchy['secondaries'][number];

/** One server of the tree, and where it stands. */
export interface PlacedServer {
  readonly server: ShownServer;
  /** 0 for the own one. */
  readonly depth: number;
  /** The server above it; undefined where none is known. */
  readonly above: ShownServer | undefined;
  readonly place: 'own' | 'primary' | 'below';
}

export function useHierarchy(enabled = true) {
  return useQuery({
    queryKey: ['hierarchy'],
    enabled,
    queryFn: ({ signal }) => call('showHierarchy', {}, { signal }),
    refetchInterval: 30_000,
  });
}

/** The own server and all below it, each before those below it. */
export function placedServers({ server, primary, secondaries }: Hierarchy): readonly PlacedServer[] {
  const placed: PlacedServer[] = [{ server, depth: 0, above: primary ?? undefined, place: 'own' }];
  const walk = (servers: readonly TreeServer[], above: ShownServer, depth: number): void => {
    for (const { secondaries: below, ...one } of servers) {
      placed.push({ server: one, depth, above, place: 'below' });
      walk(below, one, depth + 1);
    }
  };
  walk(secondaries, server, 1);
  return placed;
}

/** A menu of more would push everything else out of sight, and cost a moment with every change. */
const WHOLE_IN_MENU_MAX = 40;
const PART_IN_MENU = 10;

/** Of a large tree the own server and some right below it: the overview has and finds them all. */
export function serversInMenu(servers: readonly PlacedServer[]): readonly PlacedServer[] {
  if (servers.length <= WHOLE_IN_MENU_MAX) return servers;
  return servers.filter(({ depth }) => depth <= 1).slice(0, PART_IN_MENU);
}

/** How the link from a server to the one above it is. */
export type LinkState = 'root' | 'both-on' | 'off-here' | 'off-above' | 'dmz' | 'silent';

export function linkState({ server, above, place }: PlacedServer): LinkState {
  if (above === undefined) return 'root';
  if (server.dmz || (place === 'own' && above.dmz)) return 'dmz';
  if (server.problem !== null && place === 'below') return 'silent';
  if (!server.useHierarchy) return 'off-here';
  return above.useHierarchy ? 'both-on' : 'off-above';
}

const MARKS: Readonly<Record<LinkState, State>> = {
  root: 'good',
  'both-on': 'good',
  'off-here': 'off',
  'off-above': 'off',
  dmz: 'apart',
  silent: 'bad',
};

export function markOf(placed: PlacedServer): State {
  return MARKS[linkState(placed)];
}
