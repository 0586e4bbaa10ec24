/**
 * What this server is and how it behaves: its identity, its epoch, its options. All are trusted rows, read where they
 * are needed.
 */
import type { Changed } from '#domain/changed.ts';
import type { LostCommits } from '#domain/past-events.ts';
import type { ServerName } from '#domain/server-name.ts';
import { HEARTBEAT_INTERVAL_MS_DEFAULT } from '#domain/limits.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import type { TrustedRows } from './trusted-rows.ts';

export interface Options {
  readonly useHierarchy: boolean;
  readonly transmit: 'immediately' | 'heartbeat';
  readonly heartbeatMs: number;
  /** The policy of the primary's root group counts here, above this server's own. Off by default. */
  readonly takePolicy?: boolean | undefined;
  /** When `useHierarchy` was last switched, Unix ms. A neighbour last heard before then does not know of it. */
  readonly switchedAt?: number | undefined;
  readonly changed?: Changed | undefined;
}

export const OPTIONS_DEFAULT: Options = {
  useHierarchy: false,
  transmit: 'immediately',
  heartbeatMs: HEARTBEAT_INTERVAL_MS_DEFAULT,
};

export interface Epoch {
  /** 32 hexadecimal digits. */
  readonly epoch: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Why it began, where the database had lost what it acknowledged. */
  readonly lost?: LostCommits | undefined;
}

/** Without a trustworthy row the defaults apply: the option is off. */
export async function readOptions(rows: TrustedRows, reader: Reader): Promise<Options> {
  return (await rows.get<Options>(reader, 'setting', 'options')) ?? OPTIONS_DEFAULT;
}

export function writeOptions(rows: TrustedRows, transaction: Transaction, options: Options): Promise<void> {
  return rows.put(transaction, 'setting', 'options', options);
}

export function readEpoch(rows: TrustedRows, reader: Reader): Promise<Epoch | undefined> {
  return rows.get<Epoch>(reader, 'setting', 'epoch');
}

export function writeEpoch(rows: TrustedRows, transaction: Transaction, epoch: Epoch): Promise<void> {
  return rows.put(transaction, 'setting', 'epoch', epoch);
}

export function readIdentity(rows: TrustedRows, reader: Reader): Promise<ServerName | undefined> {
  return rows.get<ServerName>(reader, 'setting', 'server');
}

export function writeIdentity(
  rows: TrustedRows,
  transaction: Transaction,
  server: ServerName,
): Promise<void> {
  return rows.put(transaction, 'setting', 'server', server);
}
