/**
 * Keys of drives that somebody saw and that still open the drive: revealed, not rotated. A row for each, from the reveal
 * until a device reports a drive that was proved to open with a key that replaces it.
 *
 * Invariant: a row gives nobody anything. It asks devices for a new key, and tells people until there is one. That there is
 * one is the device's word.
 */
import { codeOf } from '#domain/errors.ts';
import type { DriveReport } from '#domain/drive-report.ts';
import type { StoredKey } from '#store/rows.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import { publicFields } from '../records/record-keys.ts';
import type { ServerPorts } from '../repository/ports.ts';

export interface RotationTask {
  /** ISO 8601. */
  readonly revealedAt: string;
  readonly by: string;
}

/** How many keys back a new key is followed: a drive may have got several since the reveal. */
const REPLACED_KEYS = 8;

/** After the reveal's own event is durable. A full disk keeps nobody from a key that was asked for in need. */
export async function noteRevealed(
  { rows, store, clock }: Pick<ServerPorts, 'clock' | 'rows' | 'store'>,
  key: StoredKey,
  by: string,
): Promise<void> {
  if (publicFields(key).kind !== 'volume') return;
  const task: RotationTask = { revealedAt: isoTime(clock()), by };
  try {
    await store.write((transaction) => rows.put(transaction, 'rotation', key.id, task));
  } catch (error) {
    if (codeOf(error) !== 'disk-full') throw error;
  }
}

/** With none on the server, nobody has to look further. */
export async function areTasks(reader: Reader): Promise<boolean> {
  return (await reader.rowsAfter('rotation', '', 1)).length > 0;
}

/** Of these keys, those that were revealed and not rotated. With none on the server it costs one look. */
export async function tasksOf(
  { rows }: Pick<ServerPorts, 'rows'>,
  reader: Reader,
  keys: readonly string[],
): Promise<ReadonlyMap<string, RotationTask>> {
  const tasks = new Map<string, RotationTask>();
  if (keys.length === 0 || !(await areTasks(reader))) return tasks;
  for (const key of keys) {
    const task = await rows.get<RotationTask>(reader, 'rotation', key);
    if (task !== undefined) tasks.set(key, task);
  }
  return tasks;
}

/** A device reports drives: tasks whose key was replaced by one that was proved to open the drive are over. */
export async function endTasks(
  { rows, audit }: Pick<ServerPorts, 'audit' | 'rows'>,
  transaction: Transaction,
  device: string,
  { drives }: DriveReport,
): Promise<void> {
  for (const { key, provedAt, state } of drives) {
    if (key === null || provedAt === null || state === 'error') continue;
    for (const replaced of await replacedBy(transaction, key)) {
      if ((await rows.get(transaction, 'rotation', replaced)) === undefined) continue;
      await transaction.deleteRow('rotation', replaced);
      await audit.append(transaction, [
        { event: 'key-rotated', by: `device:${device}`, key: replaced, replacedBy: key },
      ]);
    }
  }
}

async function replacedBy(reader: Reader, key: string): Promise<readonly string[]> {
  const replaced: string[] = [];
  for (let id: string | null = key; id !== null && replaced.length < REPLACED_KEYS; ) {
    const row = await reader.keyById(id);
    id = row === undefined ? null : readReplaces(row);
    if (id !== null) replaced.push(id);
  }
  return replaced;
}

/** A damaged row replaces nothing. */
function readReplaces(row: StoredKey): string | null {
  try {
    return publicFields(row).replaces;
  } catch (error) {
    if (codeOf(error) === 'record-unreadable') return null;
    throw error;
  }
}
