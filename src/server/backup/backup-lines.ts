/**
 * The contents of a backup as JSON lines: a header, one line for each row of each table, a trailer.
 *
 * Invariant: the trailer counts the rows of every table, and its digest covers every byte before it. A backup is whole,
 * in order and unaltered exactly when both fit. Sealed blobs stay sealed. The root key, which opens them, is in the
 * header, wrapped under a key beside it: the age file around everything keeps it secret.
 */
import { isObject, parseJson } from '#domain/bounded-json.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import { KeystairError } from '#domain/errors.ts';
import { BACKUP_FORMAT, EXPORT_FORMAT } from '#domain/export-file.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import type { ServerName } from '#domain/server-name.ts';
import { step } from '#domain/step.ts';
import {
  REPOSITORY_TABLES,
  type RepositoryPage,
  type RepositoryTable,
  type RepositoryTables,
} from '#store/snapshot.ts';

/** Raised with every change that an older program would misread. Independent of the kind of store. */
const BACKUP_VERSION = 2;

export interface BackupHeader {
  /** The backup's own id, as the audit log names it. */
  readonly backup: string;
  readonly server: ServerName;
  readonly epoch: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Version of the program that made it, to show to people. */
  readonly program: string;
  /** Where the two sequences stand. */
  readonly keys: number;
  readonly auditLines: number;
  /** The root key wrapped, and what unwraps it. */
  readonly rootKey: { readonly sealKey: Uint8Array; readonly wrapped: Uint8Array };
}

export type BackupCounts = { readonly [T in RepositoryTable]: number };

type Form = 'text' | 'number' | 'number-or-null' | 'bytes';
type Forms = { readonly [T in RepositoryTable]: { readonly [F in keyof RepositoryTables[T]]: Form } };

const FORMS: Forms = {
  'trusted-rows': { kind: 'text', id: 'text', body: 'text', mac: 'bytes' },
  keys: {
    seq: 'number',
    id: 'text',
    digest: 'bytes',
    chain: 'bytes',
    deviceId: 'text',
    fields: 'text',
    sealed: 'bytes',
    receivedFrom: 'text',
    recordedAt: 'number',
  },
  'staged-keys': {
    importId: 'text',
    id: 'text',
    digest: 'bytes',
    deviceId: 'text',
    fields: 'text',
    sealed: 'bytes',
    recordedAt: 'number',
  },
  cursors: { memberId: 'text', epoch: 'text', rank: 'number', seq: 'number', chain: 'bytes' },
  'refused-keys': {
    memberId: 'text',
    epoch: 'text',
    seq: 'number',
    keyId: 'text',
    reason: 'text',
    at: 'number',
  },
  contacts: { id: 'text', lastHeartbeatAt: 'number-or-null', body: 'text' },
  receipts: { deviceId: 'text', seq: 'number' },
  'receipt-totals': { deviceId: 'text', count: 'number', digest: 'bytes' },
  audit: { seq: 'number', event: 'text', chain: 'bytes', mac: 'bytes' },
};

export function backupInvalid(sentence: string, cause?: unknown): KeystairError {
  return new KeystairError('backup-invalid', sentence, {
    nextStep: 'nothing was restored; use another backup, and find out what made this file',
    cause,
  });
}

export function backupLineTooLong(line: number): KeystairError {
  return backupInvalid(`line ${line} of the backup is longer than any that Keystair writes`);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** Each line ends with a line feed. */
export function headerLine(header: BackupHeader): string {
  const { sealKey, wrapped } = header.rootKey;
  const rootKey = { sealKey: base64(sealKey), wrapped: base64(wrapped) };
  return `${JSON.stringify({ format: BACKUP_FORMAT, version: BACKUP_VERSION, ...header, rootKey })}\n`;
}

export function pageLines(page: RepositoryPage): string {
  const forms = Object.entries<Form>(FORMS[page.table]);
  let lines = '';
  for (const row of page.rows as readonly Record<string, unknown>[]) {
    const values: Record<string, unknown> = {};
    for (const [name, form] of forms)
      values[name] = form === 'bytes' ? base64(row[name] as Uint8Array) : row[name];
    lines += `${JSON.stringify({ table: page.table, row: values })}\n`;
  }
  return lines;
}

/** @param digest SHA-256 of every byte before this line, hexadecimal. */
export function trailerLine(counts: BackupCounts, digest: string): string {
  return `${JSON.stringify({ end: { counts, digest } })}\n`;
}

export function noRows(): Record<RepositoryTable, number> {
  return Object.fromEntries(REPOSITORY_TABLES.map((table) => [table, 0])) as Record<RepositoryTable, number>;
}

// --- reading ---

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = parseJson(text, ROW_JSON);
    return isObject(value) ? value : undefined;
  } catch {
    // The parser's message would quote the line.
    return undefined;
  }
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined;
  const bytes = Buffer.from(value, 'base64');
  return bytes.toString('base64') === value ? bytes : undefined;
}

/** Parses the first line. Throws `backup-invalid`, or `data-newer` naming the version that is needed. */
export function parseHeader(text: string): BackupHeader {
  const value = objectOf(text);
  if (value?.['format'] === EXPORT_FORMAT) {
    throw new KeystairError('backup-invalid', 'the file is an export of keys, not a backup of a server', {
      nextStep: step('import-export'),
    });
  }
  if (value?.['format'] !== BACKUP_FORMAT || typeof value['version'] !== 'number') {
    throw backupInvalid('the file opens, but its content is not a Keystair backup');
  }
  if (value['version'] > BACKUP_VERSION) {
    throw new KeystairError(
      'data-newer',
      `the backup has version ${value['version']}, but this program reads version ${BACKUP_VERSION}`,
      { nextStep: `restore it with the Keystair that made it (${String(value['program'])}) or a newer one` },
    );
  }
  const { backup, server, epoch, createdAt, program, keys, auditLines, rootKey } = value;
  const sealKey = isObject(rootKey) ? bytesOf(rootKey['sealKey']) : undefined;
  const wrapped = isObject(rootKey) ? bytesOf(rootKey['wrapped']) : undefined;
  if (
    !isObject(server) ||
    !UUID_PATTERN.test(String(server['id'])) ||
    typeof server['name'] !== 'string' ||
    typeof createdAt !== 'string' ||
    Number.isNaN(Date.parse(createdAt)) ||
    sealKey === undefined ||
    wrapped === undefined
  ) {
    throw backupInvalid("the backup's header is incomplete");
  }
  return {
    backup: String(backup),
    server: { id: String(server['id']), name: server['name'] },
    epoch: String(epoch),
    createdAt,
    program: String(program),
    keys: Number(keys),
    auditLines: Number(auditLines),
    rootKey: { sealKey, wrapped },
  };
}

export type BackupLine =
  | { readonly kind: 'row'; readonly table: RepositoryTable; readonly row: object }
  | { readonly kind: 'trailer'; readonly counts: Readonly<Record<string, unknown>>; readonly digest: string };

/** Parses any later line. @param number counted from 1, for the sentence. */
export function parseLine(text: string, number: number): BackupLine {
  const value = objectOf(text);
  const end = value?.['end'];
  if (isObject(end) && isObject(end['counts']) && typeof end['digest'] === 'string') {
    return { kind: 'trailer', counts: end['counts'], digest: end['digest'] };
  }
  const table = REPOSITORY_TABLES.find((name) => name === value?.['table']);
  if (table === undefined || !isObject(value?.['row'])) {
    throw backupInvalid(`line ${number} of the backup is neither a row nor the trailer`);
  }
  return { kind: 'row', table, row: readRow(table, value['row'], number) };
}

function readRow(table: RepositoryTable, from: Record<string, unknown>, number: number): object {
  const row: Record<string, unknown> = {};
  for (const [name, form] of Object.entries<Form>(FORMS[table])) {
    const value = readField(form, from[name]);
    if (value === undefined) {
      throw backupInvalid(`line ${number} of the backup has no valid field "${name}" of the table ${table}`);
    }
    row[name] = value;
  }
  return row;
}

function readField(form: Form, value: unknown): unknown {
  switch (form) {
    case 'text':
      return typeof value === 'string' ? value : undefined;
    case 'number':
      return Number.isSafeInteger(value) ? value : undefined;
    case 'number-or-null':
      return value === null || Number.isSafeInteger(value) ? value : undefined;
    case 'bytes':
      return bytesOf(value);
  }
}
