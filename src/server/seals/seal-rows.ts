/**
 * The rows of the seals and the data keys. They are read before anything can be trusted, and judged by their MAC
 * afterwards.
 *
 * Invariant: anyone may have written the database that is read here, so the rows are bounded in number and size and
 * checked for their form. A malformed row is named and skipped, so that the other seals still open.
 */
import { z } from 'zod';
import type { PassphraseParameters } from '#crypto/seal/passphrase.ts';
import type { TokenParameters } from '#crypto/seal/pkcs11-token.ts';
import type { DataKeyRow, SealKind, SealRow } from '#crypto/keyring.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { REQUEST_JSON } from '#domain/json-bounds.ts';
import { SEAL_ROW_BYTES_MAX, SEALS_MAX } from '#domain/limits.ts';
import { base64, formed, matching, text, Time, whole } from '#protocol/forms.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

export interface RecoveryParameters {
  readonly set: string;
  readonly shares: number;
  readonly threshold: number;
}

/** A seal as its row holds it. `createdAt` is ISO 8601; seals of the first release have none. */
export type Seal = SealRow & { readonly createdAt?: string | undefined } & (
    | { readonly kind: 'key-file' }
    | { readonly kind: 'passphrase'; readonly of: PassphraseParameters }
    | { readonly kind: 'pkcs11'; readonly of: TokenParameters }
    | { readonly kind: 'recovery'; readonly of: RecoveryParameters }
  );
export type StoredSealKind = Seal['kind'];

/** The identifier of a seal is shown to people and is part of what is authenticated. */
const ID = /^[a-z0-9-]{1,64}$/;
const Label = text(64, 1);
const Bytes = base64(SEAL_ROW_BYTES_MAX);
const PARAMETERS = {
  passphrase: z.strictObject({
    memoryKib: z.number(),
    passes: z.number(),
    parallelism: z.number(),
    salt: Bytes,
  }),
  pkcs11: z.strictObject({ token: Label, key: Label, nonce: Bytes, sealed: Bytes }),
  recovery: z.strictObject({
    set: matching(/^[0-9A-F]{8}$/, 'must be 8 hexadecimal digits'),
    shares: whole(),
    threshold: whole(),
  }),
} as const;

const Body = z.object({
  kind: z.enum(['key-file', 'passphrase', 'pkcs11', 'recovery']),
  createdAt: Time.optional(),
  parameters: text(SEAL_ROW_BYTES_MAX).optional(),
  wrapped: Bytes,
});

export interface SealRows {
  readonly seals: readonly Seal[];
  /** Ids of rows that are no seals. */
  readonly malformed: readonly string[];
}

/** By the rows' word: nothing is known to be genuine before one of them has opened the root key. */
export async function readSeals(reader: Reader): Promise<SealRows> {
  const seals: Seal[] = [];
  const malformed: string[] = [];
  for (const { id, body } of (await reader.rows('seal')).slice(0, SEALS_MAX * 2)) {
    const seal = parseSeal(id, body);
    if (seal === undefined) malformed.push(ID.test(id) ? id : '(no id)');
    else if (seals.length < SEALS_MAX) seals.push(seal);
  }
  return { seals, malformed };
}

function json(text: string): unknown {
  try {
    return parseJson(text, { ...REQUEST_JSON, length: SEAL_ROW_BYTES_MAX });
  } catch {
    return undefined;
  }
}

/** Undefined for a row that is no seal. */
export function parseSeal(id: string, body: string): Seal | undefined {
  if (!ID.test(id)) return undefined;
  const parsed = formed(Body, json(body));
  if (!parsed.ok) return undefined;
  const { kind, createdAt, parameters } = parsed.value;
  const wrapped = new Uint8Array(Buffer.from(parsed.value.wrapped, 'base64'));
  const seal = { id, createdAt, parameters, wrapped };
  if (kind === 'key-file') return { ...seal, kind };
  const of = formed<z.ZodType>(PARAMETERS[kind], json(parameters ?? ''));
  return of.ok ? ({ ...seal, kind, of: of.value } as Seal) : undefined;
}

/** A name that no row had before: what is authenticated under an id never holds for a second seal. */
export function newSealId(kind: SealKind, random: (bytes: number) => Uint8Array): string {
  return `${kind}-${Buffer.from(random(4)).toString('hex')}`;
}

export async function putSeal(
  rows: TrustedRows,
  transaction: Transaction,
  { id, kind, parameters, wrapped }: SealRow,
  createdAt: string,
): Promise<void> {
  await rows.put(transaction, 'seal', id, {
    kind,
    createdAt,
    ...(parameters === undefined ? {} : { parameters }),
    wrapped: Buffer.from(wrapped).toString('base64'),
  });
}

/** The seals whose rows carry a right MAC: an open server uses only these. */
export async function readTrustedSeals(rows: TrustedRows, reader: Reader): Promise<readonly Seal[]> {
  const trusted = new Set((await rows.all(reader, 'seal')).map(({ id }) => id));
  return (await readSeals(reader)).seals.filter(({ id }) => trusted.has(id));
}

const NO_MAC = new Uint8Array(0);

/** The data keys. The root key wraps each, so none needs a MAC. Old ones are kept for ever. */
export async function readDataKeys(reader: Reader): Promise<readonly DataKeyRow[]> {
  return (await reader.rows('data-key')).map(({ id, body }) => ({
    number: Number(id),
    wrapped: Buffer.from(body, 'base64'),
  }));
}

export async function putDataKey(transaction: Transaction, dataKey: DataKeyRow): Promise<void> {
  const body = Buffer.from(dataKey.wrapped).toString('base64');
  await transaction.putRow({ kind: 'data-key', id: String(dataKey.number), body, mac: NO_MAC });
}
