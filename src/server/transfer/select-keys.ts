/**
 * Chooses the keys of an export. Invariant: the choice is made once, among the keys recorded when the export began.
 * Keys recorded meanwhile are not in it, so what was counted and audited is what leaves.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type ExportSelection, idCreatedAfter } from '#domain/export-file.ts';
import { TRANSFER_PAGE_KEYS } from '#domain/limits.ts';
import type { ExportRequest } from '#protocol/people/routes/transfers.ts';
import type { Scope } from '#domain/scope.ts';
import type { StoredKey } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import { findDeviceId } from '../members/find-device.ts';
import { findKey } from '../keys/list-keys.ts';
import { groupsOf, isKeyInScope, keysInScope } from '../keys/key-scope.ts';
import type { ServerPorts } from '../repository/ports.ts';

export interface SelectedKeys {
  readonly selection: ExportSelection;
  /** As counted when it was chosen. */
  readonly count: number;
  /** How many they are now: devices may have been moved where the choice is limited to groups. */
  countNow(): Promise<number>;
  readonly scope: Scope;
  /** The highest number it may hold. */
  readonly last: number;
  /** Every key once, at most `TRANSFER_PAGE_KEYS` a page; other work runs between two pages. */
  pages(): AsyncGenerator<readonly StoredKey[], void, undefined>;
}

type AskedSelection = Pick<ExportRequest, 'devices' | 'keys' | 'find' | 'createdAfter'>;

/**
 * @param upTo the highest number that others approved: later keys are not in it.
 * Throws `not-found` or `ambiguous-name` if a device or key is not one of this server's.
 */
export async function selectKeys(
  ports: Pick<ServerPorts, 'rows' | 'store'>,
  scope: Scope,
  request: AskedSelection,
  upTo = Number.POSITIVE_INFINITY,
): Promise<SelectedKeys> {
  const last = Math.min((await ports.store.reader.head()).seq, upTo);
  const selection = await resolve(ports, scope, request);
  const pages = () => pagesOf(ports, scope, selection, last);
  const isAll = isEverything(selection) && scope === 'everywhere';
  const count = isAll ? last : await countOf(pages());
  const countNow = async () => (scope === 'everywhere' ? count : countOf(pages()));
  return { selection, scope, last, count, countNow, pages };
}

function isEverything({ devices, keys, find, createdAfter }: ExportSelection): boolean {
  return [devices, keys, find, createdAfter].every((given) => given === undefined);
}

/** Turns names as people type them into ids, each once. */
async function resolve(
  ports: Pick<ServerPorts, 'rows' | 'store'>,
  scope: Scope,
  { devices, keys, find, createdAfter }: AskedSelection,
): Promise<ExportSelection> {
  const deviceIds = new Set<string>();
  for (const device of devices ?? []) deviceIds.add(await findDeviceId(ports, scope, device));
  const keyIds = new Set<string>();
  for (const key of keys ?? []) keyIds.add((await findKey(ports, scope, key)).id);
  return {
    ...(deviceIds.size === 0 ? {} : { devices: [...deviceIds] }),
    ...(keyIds.size === 0 ? {} : { keys: [...keyIds] }),
    ...(find === undefined ? {} : { find }),
    ...(createdAfter === undefined ? {} : { createdAfter: new Date(createdAfter).toISOString() }),
  };
}

async function countOf(pages: AsyncIterable<readonly StoredKey[]>): Promise<number> {
  let count = 0;
  for await (const page of pages) count += page.length;
  return count;
}

async function* pagesOf(
  ports: Pick<ServerPorts, 'rows' | 'store'>,
  scope: Scope,
  { devices, keys, find, createdAfter }: ExportSelection,
  last: number,
): AsyncGenerator<readonly StoredKey[], void, undefined> {
  const { reader } = ports.store;
  const since = createdAfter === undefined ? undefined : Date.parse(createdAfter);
  const fits = (row: StoredKey): boolean =>
    row.seq <= last && (since === undefined || idCreatedAfter(row.id, since));
  const sources =
    devices === undefined && keys === undefined ? [undefined] : (devices ?? []).map((deviceId) => deviceId);
  for (const deviceId of sources) {
    for (let afterSeq = 0; ; ) {
      const { rows, end } = await (deviceId === undefined
        ? nextKeys(reader, scope, find, afterSeq)
        : keysOf(reader, deviceId, afterSeq));
      if (end === undefined) break;
      const fitting = await keysInScope(ports, scope, rows.filter(fits));
      if (fitting.length > 0) yield fitting;
      afterSeq = end;
      if (afterSeq >= last) break;
      await turn();
    }
  }
  const ofDevices = new Set(devices);
  const named: StoredKey[] = [];
  // At most EXPORT_SELECTED_MAX of them.
  for (const id of keys ?? []) {
    const row = await reader.keyById(id);
    if (row === undefined || !fits(row) || ofDevices.has(row.deviceId)) continue;
    if (await isKeyInScope(ports, scope, row)) named.push(row);
  }
  for (let at = 0; at < named.length; at += TRANSFER_PAGE_KEYS) {
    yield named.slice(at, at + TRANSFER_PAGE_KEYS);
  }
}

interface SomeKeys {
  readonly rows: readonly StoredKey[];
  /** The number up to which nothing is left; undefined where there was nothing any more. */
  readonly end: number | undefined;
}

async function nextKeys(
  reader: Reader,
  scope: Scope,
  text: string | undefined,
  afterSeq: number,
): Promise<SomeKeys> {
  const groups = groupsOf(scope);
  if (groups === undefined && text === undefined) {
    const rows = await reader.keysAfter(afterSeq, TRANSFER_PAGE_KEYS);
    return { rows, end: rows.at(-1)?.seq };
  }
  const { keys, searchedTo } = await reader.findKeys({
    groups,
    text,
    above: afterSeq,
    limit: TRANSFER_PAGE_KEYS,
  });
  return { rows: keys, end: searchedTo ?? Number.POSITIVE_INFINITY };
}

async function keysOf(reader: Reader, deviceId: string, afterSeq: number): Promise<SomeKeys> {
  const rows = await reader.keysOfDevice(deviceId, afterSeq, TRANSFER_PAGE_KEYS);
  return { rows, end: rows.at(-1)?.seq };
}
