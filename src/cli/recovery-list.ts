/**
 * Recovery passwords in a list: comma-separated values (RFC 4180) with one line of column names, as other products name
 * them and as spreadsheets write them.
 *
 * Invariant: what is wrong with a row is said with its line, and quotes nothing of the row.
 */
import { KeystairError } from '#domain/errors.ts';
import {
  RECOVERY_KINDS,
  type RecoveryKind,
  readRecoveryId,
  readRecoveryText,
} from '#domain/recovery-password.ts';
import { readName } from '#domain/name.ts';

export const LIST_FORMS = ['csv', 'fleet', 'crypt'] as const;
export type ListForm = (typeof LIST_FORMS)[number];

export interface ListedRecovery {
  readonly kind: RecoveryKind;
  readonly id?: string;
  readonly serial?: string;
  readonly device: string;
  readonly password: string;
}

export interface RecoveryList {
  readonly rows: readonly { readonly line: number; readonly recovery: ListedRecovery }[];
  readonly refused: readonly { readonly line: number; readonly because: string }[];
}

/** Column names in lower case; of several, the first that the list has and the row fills. */
interface Columns {
  readonly kind: readonly string[];
  readonly id: readonly string[];
  readonly serial: readonly string[];
  readonly device: readonly string[];
  readonly password: readonly string[];
  readonly kindOf: (text: string, password: string) => RecoveryKind | undefined;
}

const FORMS: { readonly [F in ListForm]: Columns } = {
  csv: {
    kind: ['kind'],
    id: ['id'],
    serial: ['serial'],
    device: ['device'],
    password: ['password'],
    kindOf: (text) => RECOVERY_KINDS.find((kind) => kind === text.toLowerCase()),
  },
  // The names of Fleet's host report and of the answer to its call for one host's disk encryption key.
  fleet: {
    kind: ['platform'],
    id: [],
    serial: ['hardware_serial'],
    device: ['hostname', 'computer_name', 'display_name'],
    password: ['encryption_key', 'key'],
    kindOf: (text) => (text === 'darwin' ? 'filevault' : text === 'windows' ? 'bitlocker' : 'other'),
  },
  // The names of the fields of Crypt-Server's computers and secrets. Its secrets of other types are passwords and PINs.
  crypt: {
    kind: ['secret_type'],
    id: [],
    serial: ['serial'],
    device: ['computername'],
    password: ['secret'],
    kindOf: (text, password) => (text === 'recovery_key' && isMacKey(password) ? 'filevault' : 'other'),
  },
};

function isMacKey(password: string): boolean {
  try {
    readRecoveryText('filevault', password);
    return true;
  } catch {
    return false;
  }
}

/** @throws `invalid-argument` for what is no list, or lacks a column. */
export function readRecoveryList(text: string, form: ListForm): RecoveryList {
  const [head, ...lines] = recordsOf(text);
  if (head === undefined) throw wrong('the list is empty', 'name the file that was exported');
  const columns = FORMS[form];
  const names = head.fields.map((name) => name.trim().toLowerCase());
  for (const needed of ['kind', 'device', 'password'] as const) {
    if (columns[needed].some((name) => names.includes(name))) continue;
    throw wrong(
      `the list has no column ${columns[needed].join(' or ')}`,
      `its first line names its columns; with --from ${form} it needs: ${neededBy(columns)}`,
    );
  }
  const rows: { line: number; recovery: ListedRecovery }[] = [];
  const refused: { line: number; because: string }[] = [];
  for (const { line, fields } of lines) {
    if (fields.every((field) => field.trim() === '')) continue;
    try {
      if (fields.length !== names.length)
        throw wrong(`it has ${fields.length} columns, and the first line has ${names.length}`, '');
      rows.push({ line, recovery: rowOf(columns, names, fields) });
    } catch (error) {
      if (!(error instanceof KeystairError)) throw error;
      refused.push({ line, because: error.message });
    }
  }
  return { rows, refused };
}

function neededBy({ kind, device, password }: Columns): string {
  return [kind, device, password].map((names) => names.join(' or ')).join(', ');
}

function rowOf(columns: Columns, names: readonly string[], fields: readonly string[]): ListedRecovery {
  const of = (column: readonly string[]): string =>
    column.map((name) => (fields[names.indexOf(name)] ?? '').trim()).find((field) => field !== '') ?? '';
  const [password, serial, id] = [of(columns.password), of(columns.serial), of(columns.id)];
  // A spreadsheet without the name of a device often has its serial number.
  const device = of(columns.device) || serial;
  if (password === '') throw wrong('it has no recovery password', '');
  if (device === '') throw wrong('it names no device', '');
  for (const [what, value] of [
    ['device', device],
    ...(serial === '' ? [] : [['serial number', serial] as const]),
  ]) {
    const read = readName(value);
    if ('fault' in read) throw wrong(`its ${what} ${read.fault}`, '');
  }
  const kind = columns.kindOf(of(columns.kind), password);
  if (kind === undefined) throw wrong(`its kind is none of ${RECOVERY_KINDS.join(', ')}`, '');
  return {
    kind,
    device,
    password: readRecoveryText(kind, password),
    ...(id === '' ? {} : { id: readRecoveryId(kind, id) }),
    ...(serial === '' ? {} : { serial }),
  };
}

interface Record {
  /** Where it begins: the first line of a file is 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** What a field may be: quoted, with quotes doubled in it, or plain up to the next separator. */
function recordsOf(text: string): Record[] {
  const whole = text.replace(/^\ufeff/, '');
  const separator = separatorOf(whole);
  const records: Record[] = [];
  let fields: string[] = [];
  let [at, line, begun] = [0, 1, 1];
  while (at < whole.length) {
    const { field, next } = fieldAt(whole, at, separator, line);
    fields.push(field);
    line += field.split('\n').length - 1;
    const after = whole[next];
    at = next + 1;
    if (after === separator) continue;
    if (after === '\r' && whole[at] === '\n') at += 1;
    records.push({ line: begun, fields });
    fields = [];
    line += 1;
    begun = line;
  }
  if (fields.length > 0) records.push({ line: begun, fields: [...fields, ''] });
  return records;
}

function fieldAt(
  text: string,
  from: number,
  separator: string,
  line: number,
): { readonly field: string; readonly next: number } {
  if (text[from] !== '"') {
    let next = from;
    while (next < text.length && text[next] !== separator && text[next] !== '\n' && text[next] !== '\r')
      next += 1;
    return { field: text.slice(from, next), next };
  }
  for (let next = from + 1; ; next += 1) {
    next = text.indexOf('"', next);
    if (next === -1) throw wrong(`line ${line}: a quote is opened and never closed`, 'export the list again');
    if (text[next + 1] === '"') next += 1;
    else {
      const after = text[next + 1];
      if (after !== undefined && after !== separator && after !== '\n' && after !== '\r')
        throw wrong(`line ${line}: text follows a closed quote`, 'export the list again');
      return { field: text.slice(from + 1, next).replaceAll('""', '"'), next: next + 1 };
    }
  }
}

/** Spreadsheets write a semicolon where a comma is the decimal separator. */
function separatorOf(text: string): string {
  const [head = ''] = text.split(/\r?\n/, 1);
  const counts = [',', ';', '\t'].map((mark) => ({ mark, count: head.split(mark).length }));
  return counts.reduce((most, one) => (one.count > most.count ? one : most)).mark;
}

function wrong(sentence: string, nextStep: string): KeystairError {
  return new KeystairError('invalid-argument', sentence, { nextStep });
}
