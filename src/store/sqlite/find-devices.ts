/**
 * Finds devices, in bites between which others are served. Each group is an index of its own, and their orders are
 * merged: a list of few devices reads no others. Invariant: one search looks at a bounded number of devices, and says
 * how far it came.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { DevicePosition, FoundDevice } from '../rows.ts';
import type { DeviceFilter, FoundDevices } from '../transaction.ts';
import { comparePositions, needsBoth } from './device-orders.ts';
import type { Access, Tables } from './tables.ts';

/** Bites of one search: some 30 ms, after which a page is answered, however short. */
const BITES_MAX = 5;
/** Devices that a bite looks at: some 6 ms, in one index, and where another table is asked about each. */
const INDEXED_DEVICES = 20_000;
const JOINED_DEVICES = 1500;
/** The first bite is small: most often it holds the page. */
const FIRST_DEVICES = 1500;
/** Of one group, where they are many: so few that a thousand groups stay within a bite. */
const SHARE_MIN = 16;

export async function findDevices(access: Access, filter: DeviceFilter): Promise<FoundDevices> {
  const { limit } = filter;
  const most = needsBoth(filter) ? JOINED_DEVICES : INDEXED_DEVICES;
  const devices: FoundDevice[] = [];
  const named = filter.groups ?? (await access((tables) => tables.devices.groups(filter.order)));
  const groups = [...new Set(named)];
  let after = filter.after;
  for (let bites = 0; bites < BITES_MAX; bites += 1) {
    if (bites > 0) await turn();
    const bite = bites === 0 ? FIRST_DEVICES : most;
    const { found, last } = await access((tables) => {
      const { trustedRows } = tables;
      const { positions, last } = bitten(tables, groups, filter, after, bite, limit - devices.length);
      const found = positions.flatMap((position): FoundDevice[] => {
        const row = trustedRows.member(position.id);
        return row === undefined ? [] : [{ row, position }];
      });
      const isFull = positions.length === limit - devices.length;
      return { found, last: isFull ? positions.at(-1) : last };
    });
    devices.push(...found);
    if (last === undefined) return { devices, searchedTo: null };
    after = last;
    if (devices.length >= limit) break;
  }
  return { devices, searchedTo: after as DevicePosition };
}

/** The first that fit of all groups, and how far all of them were looked at. */
function bitten(
  { devices: orders }: Tables,
  groups: readonly string[],
  filter: DeviceFilter,
  after: DevicePosition | undefined,
  bite: number,
  limit: number,
): { readonly positions: readonly DevicePosition[]; readonly last: DevicePosition | undefined } {
  const share = Math.max(SHARE_MIN, Math.ceil(bite / Math.max(1, groups.length)));
  const inOrder = (one: DevicePosition, other: DevicePosition): number =>
    comparePositions(filter.order, one, other);
  const [last] = groups
    .map((group) => orders.nth(filter, group, after, share))
    .filter((position) => position !== undefined)
    .toSorted(inOrder);
  const positions = groups
    .flatMap((group) => orders.find(filter, group, after, last, limit))
    .toSorted(inOrder)
    .slice(0, limit);
  return { positions, last };
}
