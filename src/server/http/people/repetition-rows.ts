/**
 * What a request made, by its `Idempotency-Key`: a row in the transaction that made it, so that a repetition is known
 * after a restart, and to every process of the server.
 *
 * Invariants: the row is there exactly where the thing was made. It holds a MAC of the request, and its answer unless
 * that contains a secret. Rows are bounded for each person, and end after a day.
 */
import { hash } from 'node:crypto';
import type { Caller } from '#domain/right.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import type { ServerPorts } from '../../repository/ports.ts';

/** Long enough to run again a script that failed at night. */
export const KEPT_MS = 24 * 60 * 60 * 1000;
/** Their list is one row, some 20 KiB, which each request with a key writes. The oldest are forgotten first. */
const ROWS_OF_ONE_MAX = 200;

export type RepetitionPorts = Pick<ServerPorts, 'barrier' | 'clock' | 'rows' | 'store'>;

export interface MadeRow {
  /** The MAC of the request, hexadecimal. */
  readonly request: string;
  /** Unix ms. */
  readonly at: number;
  /** Missing where it contains a secret. */
  readonly answer?: unknown;
}

/** The oldest first. */
type MadeList = readonly { readonly id: string; readonly at: number }[];

/** The owner of the data directory has no id. */
const OWNER = 'owner';

/** The key's own text stays with its caller. */
function rowId({ id }: Pick<Caller, 'id'>, key: string): string {
  return `${id ?? OWNER}/${hash('sha256', key, 'base64url')}`;
}

/** Keyed, since a request may contain a passphrase. */
export function requestMac(
  { barrier }: Pick<RepetitionPorts, 'barrier'>,
  name: string,
  asked: object,
): string {
  return barrier.mac('repeated-request', JSON.stringify([name, asked])).toString('hex');
}

export async function findMade(
  { rows, clock }: RepetitionPorts,
  reader: Reader,
  caller: Pick<Caller, 'id'>,
  key: string,
): Promise<MadeRow | undefined> {
  const made = await rows.get<MadeRow>(reader, 'made', rowId(caller, key));
  return made !== undefined && isKept(made.at, clock()) ? made : undefined;
}

/** In the transaction that makes the thing. */
export async function putMade(
  { rows, clock }: RepetitionPorts,
  transaction: Transaction,
  caller: Pick<Caller, 'id'>,
  key: string,
  { request, answer }: Omit<MadeRow, 'at'>,
): Promise<void> {
  const at = clock();
  const owner = caller.id ?? OWNER;
  const id = rowId(caller, key);
  const known = await rows.get<MadeList>(transaction, 'made-list', owner);
  if (known === undefined) await forgetOld({ rows }, transaction, at);
  const others = (known ?? []).filter((one) => one.id !== id);
  const fresh = others.filter((one) => isKept(one.at, at)).slice(1 - ROWS_OF_ONE_MAX);
  for (const one of others) if (!fresh.includes(one)) await transaction.deleteRow('made', one.id);
  await rows.put(transaction, 'made', id, { request, at, ...(answer === undefined ? {} : { answer }) });
  await rows.put(transaction, 'made-list', owner, [...fresh, { id, at }]);
}

/**
 * Of everybody whose last one is a day ago. Done when somebody sends their first: so the lists are those of one day,
 * however many people come and go.
 */
async function forgetOld(
  { rows }: Pick<RepetitionPorts, 'rows'>,
  transaction: Transaction,
  now: number,
): Promise<void> {
  for (const { id: owner, value: list } of await rows.all<MadeList>(transaction, 'made-list')) {
    if (list.some(({ at }) => isKept(at, now))) continue;
    for (const { id } of list) await transaction.deleteRow('made', id);
    await transaction.deleteRow('made-list', owner);
  }
}

/** A clock that was set back makes nothing older than it is. */
function isKept(at: number, now: number): boolean {
  return Math.abs(now - at) <= KEPT_MS;
}
