/**
 * The header of an age v1 file (https://age-encryption.org/v1): read, parsed strictly, its MAC checked.
 *
 * Invariant: exactly one byte string parses to given stanzas and MAC. Anything that the specification's grammar does
 * not produce is refused, within at most `AGE_HEADER_BYTES_MAX` bytes, so a hostile file costs bounded memory.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import { fileDamaged } from '#domain/file-damaged.ts';
import type { AgeStanza } from '#domain/file-stanza.ts';
import { AGE_HEADER_BYTES_MAX } from '#domain/limits.ts';
import { step } from '#domain/step.ts';
import { withoutArmor } from './age-armor.ts';

export interface AgeHeader {
  /** The header as it lies in the file, to the line feed after the MAC. */
  readonly bytes: Uint8Array;
  readonly stanzas: readonly AgeStanza[];
  readonly mac: Uint8Array;
}

const VERSION_LINE = 'age-encryption.org/v1\n';
const ANY_VERSION = 'age-encryption.org/';
/** Editors also add a byte order mark; here it is in Latin-1. */
const WITH_OTHER_LINE_ENDS = /^(?:\xef\xbb\xbf)?age-encryption\.org\/v1\r?\n/;
const LINE_ENDS_CHANGED = { lineEnds: 'changed' } as const;
const COLUMNS = 64;
const ARGUMENT_LINE = /^->( [\x21-\x7e]+)+$/;
const MAC_LINE = /^--- ([A-Za-z0-9+/]{43})$/;
/** The MAC covers the header up to and including `---`; after it come a space, 43 characters and a line feed. */
const AFTER_MAC_MARK = 45;

/** Decodes unpadded base64; undefined unless it is the one canonical spelling. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === text ? bytes : undefined;
}

/** Refuses, by name, what is no age v1 file. */
function checkVersion(start: string): void {
  if (start.startsWith(VERSION_LINE)) return;
  if (start !== '' && VERSION_LINE.startsWith(start))
    throw fileDamaged('the file is truncated within its header');
  if (WITH_OTHER_LINE_ENDS.test(start)) {
    throw fileDamaged(
      'the line endings of the file were changed, as by a transfer in text mode or an editor',
      LINE_ENDS_CHANGED,
    );
  }
  if (start.startsWith(ANY_VERSION)) {
    throw new KeystairError('file-not-encrypted', 'the file has a version of the age format other than v1', {
      nextStep: 'open it with the tool that made it',
    });
  }
  throw new KeystairError('file-not-encrypted', 'the file is not encrypted with age', {
    nextStep: step('check-file'),
  });
}

/** Only that fault shows in the first line, to anybody and with any password. */
export function hasChangedLineEnds({ details }: KeystairError): boolean {
  return details?.['lineEnds'] === LINE_ENDS_CHANGED.lineEnds;
}

/** One stanza from `lines` at `at`, and where the next section begins. */
function parseStanza(lines: readonly string[], at: number): { stanza: AgeStanza; next: number } {
  const argumentLine = lines[at]!;
  if (!ARGUMENT_LINE.test(argumentLine))
    throw fileDamaged(`line ${at + 1} of the file's header does not begin a stanza`);
  const body: Buffer[] = [];
  for (let line = at + 1; ; line += 1) {
    const text = lines[line];
    const bytes = text === undefined || text.length > COLUMNS ? undefined : decodeBase64(text);
    if (text === undefined || bytes === undefined) {
      throw fileDamaged(
        `line ${line + 1} of the file's header is not ${COLUMNS} columns of canonical base64`,
      );
    }
    body.push(bytes);
    // A stanza ends with its first short line, which may be empty.
    if (text.length < COLUMNS) {
      return {
        stanza: { args: argumentLine.split(' ').slice(1), body: Buffer.concat(body) },
        next: line + 1,
      };
    }
  }
}

/** Parses a whole header, neither more nor less. Throws `file-not-encrypted` or `file-damaged`. */
export function parseAgeHeader(bytes: Uint8Array): AgeHeader {
  // As Latin-1 every byte is one character, so that no other encoding can spell the same text.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  checkVersion(text);
  if (!text.endsWith('\n')) throw fileDamaged('the file is truncated within its header');
  const lines = text.slice(0, -1).split('\n');
  const stanzas: AgeStanza[] = [];
  let at = 1;
  while (at < lines.length && !lines[at]!.startsWith('---')) {
    const { stanza, next } = parseStanza(lines, at);
    stanzas.push(stanza);
    at = next;
  }
  if (stanzas.length === 0) throw fileDamaged("the file's header has no stanza");
  const macText = MAC_LINE.exec(lines[at] ?? '')?.[1];
  const mac = macText === undefined ? undefined : decodeBase64(macText);
  if (mac === undefined) throw fileDamaged("the file's header does not end with a MAC in canonical base64");
  if (at !== lines.length - 1) throw fileDamaged("the file's header continues after its MAC");
  return { bytes, stanzas, mac };
}

/** Where the header ends, once its last line is whole: no line before it can begin with `---`. */
function endOfHeader(head: Buffer, from: number): number | undefined {
  const lastLine = head.indexOf('\n---', from, 'latin1');
  const end = lastLine < 0 ? -1 : head.indexOf('\n', lastLine + 4, 'latin1');
  return end < 0 ? undefined : end + 1;
}

/**
 * Reads a header off the front of `source`, armored or not; `rest` is the payload that follows. The caller closes the
 * source.
 */
export async function readAgeHeader(
  source: AsyncIterable<Uint8Array>,
): Promise<{ header: AgeHeader; rest: AsyncGenerator<Uint8Array, void, undefined> }> {
  const chunks = withoutArmor(source);
  const head = Buffer.alloc(AGE_HEADER_BYTES_MAX);
  let used = 0;
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) {
      // Throws with the fault: had the header been whole, its end would have been found.
      parseAgeHeader(head.subarray(0, used));
      throw fileDamaged('the file is truncated within its header');
    }
    const taken = Math.min(next.value.length, head.length - used);
    head.set(next.value.subarray(0, taken), used);
    const scanFrom = Math.max(0, used - AFTER_MAC_MARK - 4);
    used += taken;
    if (used >= VERSION_LINE.length) checkVersion(head.toString('latin1', 0, Math.min(used, COLUMNS)));
    const end = endOfHeader(head.subarray(0, used), scanFrom);
    if (end !== undefined) {
      const header = parseAgeHeader(head.subarray(0, end));
      return { header, rest: remainder(head.subarray(end, used), next.value.subarray(taken), chunks) };
    }
    if (used === head.length)
      throw fileDamaged(`the file's header is larger than ${AGE_HEADER_BYTES_MAX} bytes`);
  }
}

async function* remainder(
  inHead: Uint8Array,
  inChunk: Uint8Array,
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (inHead.length > 0) yield inHead;
  if (inChunk.length > 0) yield inChunk;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
}

/** Whether this file key made this header. Before this check, nothing in the header can be trusted. */
export function headerMacFits(header: AgeHeader, fileKey: Uint8Array): boolean {
  const key = Buffer.from(hkdfSync('sha256', fileKey, new Uint8Array(0), 'header', 32));
  const covered = header.bytes.subarray(0, header.bytes.length - AFTER_MAC_MARK);
  const mac = createHmac('sha256', key).update(covered).digest();
  key.fill(0);
  return timingSafeEqual(mac, header.mac);
}
