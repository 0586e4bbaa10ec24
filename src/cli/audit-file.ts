/**
 * The file of an exported audit log: JSON lines. The first holds the checkpoint and its verifier keys, each other one is
 * an event, byte for byte as it was hashed.
 *
 * Invariant: reading takes bounded memory, and needs no server. A file proves by itself only that it is consistent; that
 * a server wrote it is proved by a verifier key from elsewhere.
 */
import { verifyNote } from '#crypto/note-keys.ts';
import { openInputFile } from '#disk/open-input.ts';
import { isObject, parseJson } from '#domain/bounded-json.ts';
import { parseCheckpoint } from '#domain/checkpoint.ts';
import { KeystairError } from '#domain/errors.ts';
import { toHex } from '#domain/hex.ts';
import { REQUEST_JSON } from '#domain/json-bounds.ts';
import { AUDIT_LINE_LENGTH_MAX } from '#domain/message-limits.ts';
import { LineCutter } from '#domain/line-cutter.ts';
import { appendLeaf, type Frontier, leafHash, rootOf, sameHash } from '#domain/merkle-tree.ts';
import { parseNote, parseVerifierKey, type VerifierKey } from '#domain/signed-note.ts';

const FORMAT = 'keystair-audit';
const VERSION = 1;
/** Each character takes three bytes of UTF-8 at most. */
const LINE_BYTES_MAX = 3 * AUDIT_LINE_LENGTH_MAX;
/** Of verifier keys, the longest of which has 2,000 characters. */
const KEY_FILE_BYTES_MAX = 64 * 1024;

interface AuditFileHead {
  /** The note. */
  readonly checkpoint: string;
  readonly keys: readonly string[];
}

export interface AuditFileReport {
  readonly ok: boolean;
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly root: string;
  readonly problems: readonly string[];
  /** A key that did not come with the file signed its checkpoint. */
  readonly trusted: boolean;
  readonly origin: string | null;
}

export function headLine({ checkpoint, keys }: AuditFileHead): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, checkpoint, keys })}\n`;
}

/** @param trusted verifier keys that the caller has from elsewhere. Throws `file-damaged` for what is no such file. */
export async function verifyAuditFile(
  bytes: AsyncIterable<Uint8Array>,
  trusted: readonly VerifierKey[] | undefined,
  onLine: (line: number) => void,
): Promise<AuditFileReport> {
  const cutter = new LineCutter(LINE_BYTES_MAX, (line) =>
    notAuditFile(`line ${line} is longer than any event`),
  );
  let head: AuditFileHead | undefined;
  let frontier: Frontier = [];
  let size = 0;
  const take = (line: Buffer): void => {
    // Without its line feed: that separates the lines, and is not hashed.
    const text = line.toString('utf8').replace(/\n$/, '');
    if (head === undefined) {
      head = parseHead(text);
      return;
    }
    frontier = appendLeaf(frontier, size, leafHash(text));
    size += 1;
    if (size % 10_000 === 0) onLine(size);
  };
  for await (const block of bytes) for (const line of cutter.push(block)) take(line);
  const rest = cutter.rest();
  if (rest !== undefined) take(rest);
  if (head === undefined) throw notAuditFile('it is empty');
  return judge(head, { size, root: rootOf(frontier) }, trusted);
}

function judge(
  head: AuditFileHead,
  { size, root }: { readonly size: number; readonly root: Uint8Array },
  trusted: readonly VerifierKey[] | undefined,
): AuditFileReport {
  const problems: string[] = [];
  const checkpoint = parseCheckpoint(parseNote(head.checkpoint)?.text ?? '');
  if (checkpoint === undefined) problems.push('the checkpoint in the file is none');
  const own = head.keys.map(parseVerifierKey).filter((key) => key !== undefined);
  if (verifyNote(head.checkpoint, trusted ?? own) === undefined) {
    problems.push(
      trusted === undefined
        ? 'the checkpoint is not signed by the keys in the file'
        : 'the checkpoint is not signed by the verifier key that was given',
    );
  }
  if (checkpoint !== undefined && checkpoint.size !== size) {
    problems.push(`the checkpoint is of ${checkpoint.size} lines, and the file holds ${size}`);
  } else if (checkpoint !== undefined && !sameHash(checkpoint.root, root)) {
    problems.push('the lines of the file are not those of the checkpoint: at least one was altered');
  }
  return {
    ok: problems.length === 0,
    size,
    root: toHex(root),
    problems,
    trusted: trusted !== undefined && problems.length === 0,
    origin: checkpoint?.origin ?? null,
  };
}

function parseHead(text: string): AuditFileHead {
  let value: unknown;
  try {
    value = parseJson(text, REQUEST_JSON);
  } catch {
    throw notAuditFile('its first line is no JSON');
  }
  if (!isObject(value) || value['format'] !== FORMAT)
    throw notAuditFile('its first line does not say that it is one');
  if (value['version'] !== VERSION) {
    throw new KeystairError('data-newer', 'the file was written by a newer Keystair', {
      nextStep: 'verify it with that one',
    });
  }
  const { checkpoint, keys } = value;
  if (typeof checkpoint !== 'string' || !Array.isArray(keys) || !keys.every((key) => typeof key === 'string'))
    throw notAuditFile('its first line has no checkpoint');
  return { checkpoint, keys };
}

function notAuditFile(why: string): KeystairError {
  return new KeystairError('file-damaged', `the file is no exported audit log: ${why}`, {
    nextStep: 'name a file that `keystair audit export` wrote',
  });
}

/** Verifier keys, one a line, as `server status` shows them. Throws `invalid-argument`. */
export async function readVerifierKeys(path: string): Promise<VerifierKey[]> {
  const lines = (await readSmallText(path)).split('\n').map((line) => line.trim());
  const keys = lines
    .filter((line) => line !== '')
    .map((line) => {
      const key = parseVerifierKey(line);
      if (key === undefined) throw noVerifierKey(`${path} has a line that is no verifier key`);
      return key;
    });
  if (keys.length === 0) throw noVerifierKey(`${path} has no verifier key`);
  return keys;
}

function noVerifierKey(sentence: string): KeystairError {
  return new KeystairError('invalid-argument', sentence, {
    nextStep: 'a verifier key is one line, NAME+ID+KEY, as `keystair server status` shows it',
  });
}

async function readSmallText(path: string): Promise<string> {
  const { stream } = await openInputFile(path);
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > KEY_FILE_BYTES_MAX) throw noVerifierKey(`${path} has more than ${KEY_FILE_BYTES_MAX} bytes`);
  }
  return Buffer.concat(pieces).toString('utf8');
}
