/**
 * Reads a LUKS2 header from the first bytes of a drive (LUKS2 On-Disk Format Specification, version 1.1.x): two copies,
 * each a binary part of 4 KiB and a JSON area under one SHA-256.
 *
 * The header is not authenticated: anyone who held the drive may have written any of it. Two invariants follow. No size
 * or offset in it is believed before it is compared with what was read. And every copy whose checksum holds is
 * returned: cryptsetup takes the newer one, unless it finds a fault that this parser does not look for, and then the
 * other. Where cryptsetup might read a copy that this parser cannot, nothing is returned.
 */
import { hash } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import { type Luks2Metadata, parseLuks2Metadata } from './luks2-metadata.ts';

export interface Luks2Copy extends Luks2Metadata {
  readonly copy: 'first' | 'second';
  readonly uuid: string;
  readonly label: string;
  readonly seqid: bigint;
  /** The metadata exactly as stored. */
  readonly json: string;
}

/** The copy that counts, which is the newer one. */
export interface Luks2Header extends Luks2Copy {
  /** The other one; undefined where it is damaged. */
  readonly other: Luks2Copy | undefined;
}

const FIRST_MAGIC = Buffer.from('LUKS\xba\xbe', 'latin1');
const SECOND_MAGIC = Buffer.from('SKUL\xba\xbe', 'latin1');
const BINARY_BYTES = 4096;
/** The sizes of one copy in the format, and so the places where the second may begin. */
const HEADER_SIZES = [0x4000, 0x8000, 0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0x200000, 0x400000];
const CHECKSUM_AT = 448;
const CHECKSUM_FIELD_BYTES = 64;
const SHA256_BYTES = 32;

interface Copy extends Luks2Copy {
  readonly size: number;
}

function altered(sentence: string): KeystairError {
  return new KeystairError('drive-altered', sentence, {
    nextStep:
      'do not use the drive; restore its header from a backup, or inspect it with `cryptsetup luksDump`',
  });
}

/** Text in a field that ends with a zero byte. Control characters would reach somebody's terminal. */
function fieldText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  const text = bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
  return text.replace(/\p{Cc}/gu, '\ufffd');
}

/**
 * One copy, or undefined where cryptsetup would skip it as well. Throws where the checksum holds and yet this parser
 * cannot read it as cryptsetup might.
 */
function readCopy(bytes: Buffer, offset: number, magic: Buffer): Copy | undefined {
  const binary = bytes.subarray(offset, offset + BINARY_BYTES);
  if (binary.length < BINARY_BYTES || !binary.subarray(0, magic.length).equals(magic)) return undefined;
  if (binary.readUInt16BE(6) !== 2) return undefined;
  const size = Number(binary.readBigUInt64BE(8));
  if (binary.readBigUInt64BE(256) !== BigInt(offset)) return undefined;
  if (size < HEADER_SIZES[0]! || size > HEADER_SIZES.at(-1)! || (offset !== 0 && size !== offset))
    return undefined;
  if (bytes.length < offset + size) return undefined;
  const which = offset === 0 ? 'first' : 'second';
  if (fieldText(binary.subarray(72, 104)) !== 'sha256') {
    throw altered(`the ${which} copy of the LUKS2 header uses a checksum other than SHA-256`);
  }
  if (!checksumHolds(bytes.subarray(offset, offset + size))) return undefined;
  const json = jsonArea(bytes.subarray(offset + BINARY_BYTES, offset + size));
  const metadata = json === undefined ? undefined : parseLuks2Metadata(json);
  if (json === undefined || metadata === undefined || !HEADER_SIZES.includes(size)) {
    throw altered(`the ${which} copy of the LUKS2 header holds metadata that this version cannot read`);
  }
  return {
    ...metadata,
    copy: which,
    size,
    seqid: binary.readBigUInt64BE(16),
    uuid: fieldText(binary.subarray(168, 208)).toLowerCase(),
    label: fieldText(binary.subarray(24, 72)),
    json,
  };
}

/** SHA-256 over the whole copy with the checksum's own field as zeros. */
function checksumHolds(copy: Buffer): boolean {
  const checksum = copy.subarray(CHECKSUM_AT, CHECKSUM_AT + SHA256_BYTES);
  const zeroed = Buffer.from(copy);
  zeroed.fill(0, CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_FIELD_BYTES);
  return hash('sha256', zeroed, 'buffer').equals(checksum);
}

/** The JSON text: it begins the area, ends with a zero byte, and nothing but zeros follows. */
function jsonArea(area: Buffer): string | undefined {
  const end = area.indexOf(0);
  if (end <= 0 || area[0] !== 0x7b) return undefined;
  return area.subarray(end).every((byte) => byte === 0) ? area.toString('utf8', 0, end) : undefined;
}

/** The second copy follows the first; where the first is gone, the second is looked for at each place it can have. */
function readSecond(bytes: Buffer, first: Copy | undefined): Copy | undefined {
  if (first !== undefined) return readCopy(bytes, first.size, SECOND_MAGIC);
  for (const offset of HEADER_SIZES) {
    const copy = readCopy(bytes, offset, SECOND_MAGIC);
    if (copy !== undefined) return copy;
  }
  return undefined;
}

/** Whether the drive is encrypted all the same, in the way of LUKS1. */
export function isLuks1(error: unknown): boolean {
  return error instanceof KeystairError && error.details?.['luks'] === 1;
}

/** The fault that makes both copies unusable; undefined where there is no sign of a LUKS volume. */
function unusable(bytes: Buffer): KeystairError | undefined {
  const begins = bytes.subarray(0, FIRST_MAGIC.length).equals(FIRST_MAGIC);
  if (begins && bytes.length >= 8 && bytes.readUInt16BE(6) === 1) {
    return new KeystairError('drive-not-luks', 'the drive holds a LUKS1 volume', {
      nextStep: 'take it into custody with --convert, which makes it a LUKS2 volume',
      details: { luks: 1 },
    });
  }
  const second = HEADER_SIZES.find((at) => bytes.subarray(at, at + SECOND_MAGIC.length).equals(SECOND_MAGIC));
  if (begins) return altered('both copies of the LUKS2 header are damaged');
  return second === undefined
    ? undefined
    : altered(
        `the drive was a LUKS2 volume: the first copy of its header is gone, and the second, at byte ${second}, is damaged`,
      );
}

/**
 * `front` is the beginning of the drive, up to `DRIVE_HEADER_BYTES_MAX`. Undefined where there is no LUKS volume.
 * Throws `drive-altered` where there is a header that cannot be used, `drive-not-luks` for version 1.
 */
export function findLuks2Header(front: Uint8Array): Luks2Header | undefined {
  const bytes = Buffer.from(front.buffer, front.byteOffset, front.length);
  const first = readCopy(bytes, 0, FIRST_MAGIC);
  const second = readSecond(bytes, first);
  const used = first === undefined || (second !== undefined && second.seqid > first.seqid) ? second : first;
  if (used === undefined) {
    const failure = unusable(bytes);
    if (failure === undefined) return undefined;
    throw failure;
  }
  return { ...used, other: used === first ? second : first };
}

/** As `findLuks2Header`; throws `drive-not-luks` where there is none. */
export function parseLuks2Header(front: Uint8Array): Luks2Header {
  const header = findLuks2Header(front);
  if (header !== undefined) return header;
  throw new KeystairError('drive-not-luks', 'the drive holds no LUKS volume', {
    nextStep: 'check the path; `lsblk --fs` shows what is on each drive',
  });
}
