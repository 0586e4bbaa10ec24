/**
 * Chooses the keys of an export. Invariant: the choice is made once, among the keys recorded when the export began.
 * Keys recorded meanwhile are not in it, so what was counted and audited is what leaves.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type ExportSelection, idCreatedAfter } from '#domain/export-file.ts';
import { TRANSFER_PAGE_KEYS } from '#domain/limits.ts';
import type { ExportRequest } from '#protocol/people/transfer-routes.ts';
import type { StoredKey } from '#store/rows.ts';
import { findDeviceId } from '../members/find-device.ts';
import { findKey } from '../keys/list-keys.ts';
import type { ServerPorts } from '../repository/ports.ts';

export interface SelectedKeys {
  readonly selection: ExportSelection;
  readonly count: number;
  /** Every key once, at most `TRANSFER_PAGE_KEYS` a page; other work runs between two pages. */
  pages(): AsyncGenerator<readonly StoredKey[], void, undefined>;
}

/** Throws `not-found` or `ambiguous-name` if a device or key is not one of this server's. */
export async function selectKeys(
  ports: Pick<ServerPorts, 'rows' | 'store'>,
  request: Pick<ExportRequest, 'devices' | 'keys' | 'createdAfter'>,
): Promise<SelectedKeys> {
  const { seq: last } = await ports.store.reader.head();
  const selection = await resolve(ports, request);
  const pages = () => pagesOf(ports, selection, last);
  return { selection, count: isEverything(selection) ? last : await countOf(pages()), pages };
}

function isEverything({ devices, keys, createdAfter }: ExportSelection): boolean {
  return devices === undefined && keys === undefined && createdAfter === undefined;
}

/** Turns names as people type them into ids, each once. */
async function resolve(
  ports: Pick<ServerPorts, 'rows' | 'store'>,
  { devices, keys, createdAfter }: Pick<ExportRequest, 'devices' | 'keys' | 'createdAfter'>,
): Promise<ExportSelection> {
  const deviceIds = new Set<string>();
  for (const device of devices ?? []) deviceIds.add(await findDeviceId(ports, device));
  const keyIds = new Set<string>();
  for (const key of keys ?? []) keyIds.add((await findKey(ports, key)).id);
  return {
    ...(deviceIds.size === 0 ? {} : { devices: [...deviceIds] }),
    ...(keyIds.size === 0 ? {} : { keys: [...keyIds] }),
    ...(createdAfter === undefined ? {} : { createdAfter: new Date(createdAfter).toISOString() }),
  };
}

async function countOf(pages: AsyncIterable<readonly StoredKey[]>): Promise<number> {
  let count = 0;
  for await (const page of pages) count += page.length;
  return count;
}

async function* pagesOf(
  { store: { reader } }: Pick<ServerPorts, 'store'>,
  { devices, keys, createdAfter }: ExportSelection,
  last: number,
): AsyncGenerator<readonly StoredKey[], void, undefined> {
  const since = createdAfter === undefined ? undefined : Date.parse(createdAfter);
  const fits = (row: StoredKey): boolean =>
    row.seq <= last && (since === undefined || idCreatedAfter(row.id, since));
  const sources =
    devices === undefined && keys === undefined ? [undefined] : (devices ?? []).map((deviceId) => deviceId);
  for (const deviceId of sources) {
    for (let afterSeq = 0; ; ) {
      const rows = await (deviceId === undefined
        ? reader.keysAfter(afterSeq, TRANSFER_PAGE_KEYS)
        : reader.listKeys({ deviceId, afterSeq, limit: TRANSFER_PAGE_KEYS }));
      const end = rows.at(-1);
      if (end === undefined) break;
      const fitting = rows.filter(fits);
      if (fitting.length > 0) yield fitting;
      afterSeq = end.seq;
      if (afterSeq >= last) break;
      await turn();
    }
  }
  const ofDevices = new Set(devices);
  const named: StoredKey[] = [];
  // At most EXPORT_SELECTED_MAX of them.
  for (const id of keys ?? []) {
    const row = await reader.keyById(id);
    if (row !== undefined && fits(row) && !ofDevices.has(row.deviceId)) named.push(row);
  }
  for (let at = 0; at < named.length; at += TRANSFER_PAGE_KEYS) {
    yield named.slice(at, at + TRANSFER_PAGE_KEYS);
  }
}
