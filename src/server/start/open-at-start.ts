/**
 * The start of an existing server: it opens without a person if one of its seals allows it; otherwise it starts sealed.
 */
import type { DataKeyRow } from '#crypto/keyring.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';
import { REQUEST_JSON } from '#domain/json-bounds.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { Reader } from '#store/transaction.ts';
import { autoUnseal, type Opened, type SealPlaces } from '../seals/auto-unseal.ts';
import { readSeals, type SealRows } from '../seals/seal-rows.ts';

/** A server that waits for a person. */
export interface SealedServer {
  readonly rows: SealRows;
  readonly failures: readonly KeystairError[];
}

export type StartOutcome = { readonly opened: Opened } | { readonly sealed: SealedServer };

/**
 * Throws what kept the key file or the token from opening it if no person could do better, and `data-damaged` if there
 * is no seal at all.
 */
export async function openAtStart(
  reader: Reader,
  dataKeys: readonly DataKeyRow[],
  places: SealPlaces,
): Promise<StartOutcome> {
  const rows = await readSeals(reader);
  const outcome = await autoUnseal(rows.seals, dataKeys, places);
  if ('opened' in outcome) return outcome;
  const [failure] = outcome.failures;
  if (rows.seals.some(({ kind }) => kind !== 'key-file'))
    return { sealed: { rows, failures: outcome.failures } };
  throw (
    failure ??
    new KeystairError('data-damaged', 'every row of a seal is missing or was altered in the database', {
      nextStep: 'restore the newest backup',
    })
  );
}

/** The name in the database, to show to people before any of it can be verified. */
export async function unverifiedName(reader: Reader): Promise<ServerName> {
  const unknown = { id: '', name: '' };
  try {
    const body: unknown = parseJson((await reader.row('setting', 'server'))?.body ?? '{}', REQUEST_JSON);
    const { id, name } = body as Readonly<Record<string, unknown>>;
    return typeof id === 'string' && typeof name === 'string' ? { id, name } : unknown;
  } catch {
    return unknown;
  }
}
