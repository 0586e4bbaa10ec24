/**
 * Which keys are there for somebody whose right is limited to groups of devices.
 *
 * Invariant: a key is judged by the device that its record names, where that device stands now. The store narrows down;
 * this decides, by rows that carry a MAC.
 */
import { keyInScope, type Scope } from '#domain/scope.ts';
import type { StoredKey } from '#store/rows.ts';
import { readMember } from '../members/members.ts';
import { publicFields } from '../records/record-keys.ts';
import type { ServerPorts } from '../repository/ports.ts';

type ScopePorts = Pick<ServerPorts, 'rows' | 'store'>;

/** For a filter of the store: undefined where nothing is left out. */
export function groupsOf(scope: Scope): readonly string[] | undefined {
  return scope === 'everywhere' ? undefined : [...scope];
}

export async function isKeyInScope(
  { rows, store }: ScopePorts,
  scope: Scope,
  row: StoredKey,
): Promise<boolean> {
  if (scope === 'everywhere') return true;
  const device = deviceOf(row);
  return device !== undefined && keyInScope(scope, await readMember(rows, store.reader, device));
}

export async function keysInScope(
  ports: ScopePorts,
  scope: Scope,
  rows: readonly StoredKey[],
): Promise<readonly StoredKey[]> {
  if (scope === 'everywhere') return rows;
  const judged = await Promise.all(rows.map((row) => isKeyInScope(ports, scope, row)));
  return rows.filter((_, index) => judged[index]);
}

/** Undefined for a damaged row, and for one that is listed under another device than its record names. */
function deviceOf(row: StoredKey): string | undefined {
  try {
    const { id } = publicFields(row).device;
    return id === row.deviceId ? id : undefined;
  } catch {
    return undefined;
  }
}
