/**
 * Tells a damaged write-ahead log from one that a crash cut short. SQLite does not: it takes a frame whose checksum
 * does not fit for the end of the log, and silently drops every commit behind it.
 *
 * A crash tears at most the last commit, since each was synced before the next one began. So a frame that continues
 * from a commit which can no longer be reached proves damage to acknowledged data. Damage to the last commit alone
 * looks like a crash, here and anywhere: receipts and cursors bring that back.
 *
 * The format is SQLite's (https://www.sqlite.org/fileformat2.html, section 4).
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { KeystairError } from '#domain/errors.ts';
import { PAGE_BYTES } from './connection.ts';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES;
/** In a log with checksums over little-endian words, and in one of the other kind. */
const MAGIC_LITTLE = 0x377f0682;
const MAGIC_BIG = 0x377f0683;

type Checksum = readonly [number, number];
type ReadWord = (bytes: Buffer, at: number) => number;

const littleWord: ReadWord = (bytes, at) => bytes.readUInt32LE(at);
const bigWord: ReadWord = (bytes, at) => bytes.readUInt32BE(at);

function extend([first, second]: Checksum, bytes: Buffer, word: ReadWord): Checksum {
  let [a, b] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + word(bytes, at) + b) >>> 0;
    b = (b + word(bytes, at + 4) + a) >>> 0;
  }
  return [a, b];
}

function same(one: Checksum, other: Checksum): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

function wordsAt(bytes: Buffer, at: number): Checksum {
  return [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
}

/** Two numbers that change whenever the log begins anew: frames with other numbers are left over from before. */
type Salts = Checksum;

interface LogHeader {
  readonly word: ReadWord;
  readonly checksum: Checksum;
  /** Undefined where the header itself does not fit its checksum. */
  readonly salts: Salts | undefined;
}

function readHeader(bytes: Buffer): LogHeader {
  const magic = bytes.readUInt32BE(0);
  const word = magic === MAGIC_BIG ? bigWord : littleWord;
  const checksum = extend([0, 0], bytes.subarray(0, 24), word);
  const fits = (magic === MAGIC_BIG || magic === MAGIC_LITTLE) && same(checksum, wordsAt(bytes, 24));
  return { word, checksum, salts: fits ? wordsAt(bytes, 16) : undefined };
}

/** One frame of the log, in a buffer that the next frame overwrites. */
class Frame {
  readonly bytes = Buffer.allocUnsafe(FRAME_BYTES);
  readonly #header: LogHeader;

  constructor(header: LogHeader) {
    this.#header = header;
  }

  get stored(): Checksum {
    return wordsAt(this.bytes, 16);
  }

  get isCommit(): boolean {
    return this.bytes.readUInt32BE(4) !== 0;
  }

  /** Whether it belongs to the log as it is now, as far as one can tell. */
  get isCurrent(): boolean {
    return this.#header.salts === undefined || same(wordsAt(this.bytes, 8), this.#header.salts);
  }

  /** Its checksum, if it continues from a frame with this one. */
  checksumAfter(before: Checksum): Checksum {
    const { word } = this.#header;
    const head = extend(before, this.bytes.subarray(0, 8), word);
    return extend(head, this.bytes.subarray(FRAME_HEADER_BYTES), word);
  }
}

/**
 * Where the readable part of the log ends, in bytes, if more had been committed behind it; undefined where the log is
 * whole, or only cut short.
 */
function damagedAfter(descriptor: number): number | undefined {
  const start = Buffer.alloc(HEADER_BYTES);
  if (readSync(descriptor, start, 0, HEADER_BYTES, 0) < HEADER_BYTES) return undefined;
  const header = readHeader(start);
  const frame = new Frame(header);
  const read = (at: number): boolean => readSync(descriptor, frame.bytes, 0, FRAME_BYTES, at) === FRAME_BYTES;

  // The same walk as SQLite's.
  let at = HEADER_BYTES;
  let whole = at;
  let checksum = header.checksum;
  if (header.salts !== undefined) {
    for (; read(at); at += FRAME_BYTES) {
      if (!frame.isCurrent || !same(frame.checksumAfter(checksum), frame.stored)) break;
      checksum = frame.stored;
      if (frame.isCommit) whole = at + FRAME_BYTES;
    }
  }

  // Now the frames behind. Only the first one's expected checksum is known; the others' checksums are only claimed.
  let behindCommit = false;
  let before: readonly Checksum[] = [checksum];
  for (let first = true; read(at); at += FRAME_BYTES, first = false) {
    const goesOn = before.some((each) => same(frame.checksumAfter(each), frame.stored));
    if (behindCommit && goesOn && frame.isCurrent) return whole;
    behindCommit = frame.isCommit;
    before = first ? [frame.stored, frame.checksumAfter(checksum)] : [frame.stored];
  }
  return undefined;
}

/** Throws `data-damaged` where the database's log lost committed data. */
export function refuseDamagedLog(database: string): void {
  const path = `${database}-wal`;
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    // There is none: the last program to use the database closed it.
    return;
  }
  let end: number | undefined;
  try {
    end = damagedAfter(descriptor);
  } finally {
    closeSync(descriptor);
  }
  if (end === undefined) return;
  throw new KeystairError(
    'data-damaged',
    `the write-ahead log ${path} is damaged: the commits after its byte ${end} cannot be read`,
    {
      nextStep: `check the disk and restore the newest backup; or drop what cannot be read with \`truncate -s ${end} ${path}\`: devices and secondaries then send again what this server lost`,
    },
  );
}
