/** Rows as a server would hand them to a store, made from plain numbers so that a test reads as what it is about. */
import { hash } from 'node:crypto';
import type { KeyKind } from '#domain/key-kind.ts';
import { nextChainValue, type Position } from '#domain/sequence.ts';
import type { AuditHead, AuditRow, StoredKey } from '#store/rows.ts';

export const ZEROS = new Uint8Array(32);
export const DEVICE_A = '0192f0aa-0000-4000-8000-00000000000a';
export const DEVICE_B = '0192f0bb-0000-4000-8000-00000000000b';
export const DEVICE_C = '0192f0cc-0000-4000-8000-00000000000c';

function digits(value: number, length: number): string {
  return value.toString(16).padStart(length, '0');
}

/** The id of the n-th key of a test: a UUIDv7 that rises with n. */
export function keyId(n: number): string {
  const time = digits(0x0192f0000000 + n, 12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${digits(n, 12)}`;
}

export interface KeyTexts {
  readonly deviceId?: string;
  readonly deviceName?: string;
  readonly locator?: Readonly<Record<string, string>>;
  readonly kind?: KeyKind;
  /** Unix ms. */
  readonly recordedAt?: number;
}

/** The n-th key of a test, as it follows `head`. */
export function keyAfter(head: Position, n: number, texts: KeyTexts = {}): StoredKey {
  const { deviceId = DEVICE_A, deviceName = `device ${n}`, locator = {}, kind = 'volume' } = texts;
  const fields = JSON.stringify({
    algorithm: 'aes-xts-plain64/512',
    claimHash: hash('sha256', `claim ${n}`),
    createdAt: '2025-01-01T00:00:00.000Z',
    device: { id: deviceId, name: deviceName },
    kind,
    locator,
    origin: DEVICE_C,
    replaces: null,
  });
  const digest = hash('sha256', `key ${n}`, 'buffer');
  return {
    seq: head.seq + 1,
    id: keyId(n),
    digest,
    chain: nextChainValue(head.chain, digest),
    deviceId,
    fields,
    sealed: hash('sha512', `sealed ${n}`, 'buffer'),
    receivedFrom: `device:${deviceId}`,
    recordedAt: texts.recordedAt ?? 1_735_689_600_000 + n,
  };
}

/** Those keys in order, as they follow `head`. */
export function keysAfterHead(head: Position, ns: readonly number[], texts: KeyTexts = {}): StoredKey[] {
  const rows: StoredKey[] = [];
  for (const n of ns) rows.push(keyAfter(rows.at(-1) ?? head, n, texts));
  return rows;
}

/** Before the first line. */
export const NO_LINE: AuditHead = { seq: 0, chain: new Uint8Array(0), mac: new Uint8Array(0) };

export function auditAfterHead({ seq }: Pick<AuditHead, 'seq'>, events: readonly string[]): AuditRow[] {
  return events.map((event, at) => ({
    seq: seq + at + 1,
    event,
    // Of a line older than the tree, which a store keeps as it is.
    chain: at % 3 === 2 ? hash('sha256', event, 'buffer') : new Uint8Array(0),
    // A row inside an append has no MAC of its own.
    mac: at === 0 ? new Uint8Array(0) : hash('sha256', `MAC of ${event}`, 'buffer'),
  }));
}

/** The same with every array of bytes as hexadecimal digits, so that stores may answer with any kind of array. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof Map) return new Map([...value].map(([name, inner]) => [name, plain(inner)]));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Set) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
