/** The row of this server's primary: its addresses, its pinned authority, and our certificate. */
import type { ServerName } from '#domain/server-name.ts';
import type { Contact } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import type { TrustedRows } from '../../repository/trusted-rows.ts';

export interface PrimaryRow extends ServerName {
  /** Hints, tried in order. */
  readonly addresses: readonly string[];
  /** PEM of the primary's authority, pinned when we joined. */
  readonly authority: string;
  /** PEM of our member certificate there. Its key is the secret `member-key`. */
  readonly certificate: string;
  /** This end's DMZ mark; the primary has its own. */
  readonly dmz: boolean;
  /** By its own word: an export can be sealed to it. Absent until it told one. */
  readonly recipient?: string | undefined;
}

/**
 * The id under which the unverified status of the primary is kept. The bare id belongs to a secondary, and in a ring
 * the primary may be one too.
 */
export function primaryContactId({ id }: ServerName): string {
  return `primary:${id}`;
}

/** An earlier release kept it under the bare id. */
export async function readPrimaryContact(reader: Reader, primary: ServerName): Promise<Contact | undefined> {
  return (await reader.contact(primaryContactId(primary))) ?? reader.contact(primary.id);
}

export const MEMBER_KEY = 'member-key';

/** At most one row: its id is always `current`. */
export function readPrimary(rows: TrustedRows, reader: Reader): Promise<PrimaryRow | undefined> {
  return rows.get<PrimaryRow>(reader, 'primary', 'current');
}
