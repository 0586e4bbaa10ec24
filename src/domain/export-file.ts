/**
 * What is inside an export file: JSON lines, a header, one record a line, a trailer. docs/EXPORT_FORMAT.md shows it
 * byte by byte.
 *
 * Invariant: the trailer's digest covers every byte before the trailer, so the lines are whole, in order and unaltered
 * exactly when count and digest fit. The age format around them shows whether the file itself was cut.
 */
import { isObject, type JsonBounds, parseJson } from './bounded-json.ts';
import { UUID_PATTERN } from './uuid.ts';
import { KeystairError } from './errors.ts';
import { EXPORT_LINE_BYTES_MAX, EXPORT_SELECTED_MAX, NAME_LENGTH_MAX } from './limits.ts';
import { MESSAGE_DEPTH_MAX, REQUEST_VALUES_MAX } from './message-limits.ts';
import { step } from './step.ts';

export const EXPORT_FORMAT = 'keystair-export';
const EXPORT_VERSION = 1;
/** What a backup has in the same field: people mistake one for the other. */
export const BACKUP_FORMAT = 'keystair-backup';

/**
 * Which keys: those of the named devices together with the named keys (a union), or those that a search finds;
 * `createdAfter` then narrows the result. Nothing named means everything.
 */
export interface ExportSelection {
  /** Ids of devices. */
  readonly devices?: readonly string[] | undefined;
  /** Ids of keys. */
  readonly keys?: readonly string[] | undefined;
  /** Part of the id, of the device's name or of the locator, as a list of keys is searched; never with devices or keys. */
  readonly find?: string | undefined;
  /** ISO 8601: only keys created later than this. */
  readonly createdAfter?: string | undefined;
}

export interface ExportHeader {
  readonly format: typeof EXPORT_FORMAT;
  readonly version: number;
  /** The server that made the file. */
  readonly server: { readonly id: string; readonly name: string };
  readonly createdAt: string;
  readonly selection: ExportSelection;
}

export type ExportLine =
  /** `value` is unchecked: an import checks it like a key from anywhere. */
  | { readonly kind: 'record'; readonly value: unknown }
  | { readonly kind: 'trailer'; readonly count: number; readonly digest: string };

/** The header names what was asked for; every other line holds less. */
const LINE_JSON: JsonBounds = {
  length: EXPORT_LINE_BYTES_MAX,
  depth: MESSAGE_DEPTH_MAX,
  values: REQUEST_VALUES_MAX,
};

const DIGEST = /^[0-9a-f]{64}$/;

export function exportInvalid(sentence: string, cause?: unknown): KeystairError {
  return new KeystairError('export-invalid', sentence, {
    nextStep: 'nothing was imported; export again on the server that made the file',
    cause,
  });
}

/** Each line ends with a line feed. */
export function exportHeaderLine(header: Omit<ExportHeader, 'format' | 'version'>): string {
  const { server, createdAt, selection } = header;
  return `${JSON.stringify({ format: EXPORT_FORMAT, version: EXPORT_VERSION, server, createdAt, selection })}\n`;
}

/**
 * @param fields the record's public fields in canonical form, without the id: the file holds them verbatim.
 * @param material and `blind` in base64.
 */
export function exportRecordLine(id: string, fields: string, material: string, blind: string): string {
  return `{"key":{"id":"${id}",${fields.slice(1)},"material":"${material}","blind":"${blind}"}\n`;
}

/** @param digest SHA-256 of every byte before this line, hexadecimal. */
export function exportTrailerLine(count: number, digest: string): string {
  return `${JSON.stringify({ end: { count, digest } })}\n`;
}

function objectOf(text: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJson(text, LINE_JSON);
  } catch {
    // The parser's message quotes the line, which may hold key material.
    value = undefined;
  }
  if (!isObject(value)) throw exportInvalid(`${what} is not one JSON object`);
  return value;
}

function notAnExport(): KeystairError {
  return exportInvalid('the file opens, but its content is not a Keystair export');
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= NAME_LENGTH_MAX;
}

/** The first line. Throws `export-invalid`, or `export-version` naming the version that is needed. */
export function parseExportHeader(text: string): ExportHeader {
  let value: Record<string, unknown>;
  try {
    value = objectOf(text, 'the first line');
  } catch {
    throw notAnExport();
  }
  if (value['format'] === BACKUP_FORMAT) {
    throw new KeystairError('export-invalid', 'the file is a backup of a server, not an export of keys', {
      nextStep: step('export-from-backup'),
    });
  }
  if (value['format'] !== EXPORT_FORMAT) throw notAnExport();
  const { version, server, createdAt } = value;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) throw notAnExport();
  if (version > EXPORT_VERSION) {
    throw new KeystairError(
      'export-version',
      `the file is an export of version ${version}, but this server reads version ${EXPORT_VERSION}`,
      {
        nextStep: `upgrade this server to a release that reads version ${version}; nothing was imported`,
        details: { needed: version, reads: EXPORT_VERSION },
      },
    );
  }
  if (!isObject(server) || !isName(server['name']) || !UUID_PATTERN.test(String(server['id']))) {
    throw exportInvalid('the header does not name the server that made the file');
  }
  if (typeof createdAt !== 'string' || Number.isNaN(Date.parse(createdAt))) {
    throw exportInvalid('the header does not say when the file was made');
  }
  return {
    format: EXPORT_FORMAT,
    version,
    server: { id: String(server['id']), name: server['name'] },
    createdAt,
    selection: selectionOf(value['selection']),
  };
}

/** For display only: a later writer's unknown filters are no reason to refuse the rest. */
function selectionOf(value: unknown): ExportSelection {
  if (!isObject(value)) throw exportInvalid('the header does not say what was selected');
  const ids = (from: unknown): readonly string[] | undefined =>
    Array.isArray(from) && from.length <= EXPORT_SELECTED_MAX ? from.map(String) : undefined;
  const devices = ids(value['devices']);
  const keys = ids(value['keys']);
  const { find, createdAfter } = value;
  return {
    ...(devices === undefined ? {} : { devices }),
    ...(keys === undefined ? {} : { keys }),
    ...(typeof find === 'string' ? { find } : {}),
    ...(typeof createdAfter === 'string' ? { createdAfter } : {}),
  };
}

/** Any later line. @param number counted from 1, for the sentence. */
export function parseExportLine(text: string, number: number): ExportLine {
  const value = objectOf(text, `line ${number}`);
  if (value['key'] !== undefined) return { kind: 'record', value };
  const { end } = value;
  if (!isObject(end)) throw exportInvalid(`line ${number} is neither a record nor the trailer`);
  const { count, digest } = end;
  if (!Number.isSafeInteger(count) || typeof digest !== 'string' || !DIGEST.test(digest)) {
    throw exportInvalid(`the trailer on line ${number} must hold a count and a SHA-256 digest`);
  }
  return { kind: 'trailer', count: count as number, digest };
}

export function lineTooLong(number: number): KeystairError {
  return exportInvalid(`line ${number} has more than ${EXPORT_LINE_BYTES_MAX} bytes`);
}

/** Whether a key belongs to a selection that names no device and no key. The id's first 48 bits are its time of creation. */
export function idCreatedAfter(id: string, ms: number): boolean {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) > ms;
}
