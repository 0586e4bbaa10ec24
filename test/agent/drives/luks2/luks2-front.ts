/**
 * Makes the beginning of a LUKS2 drive byte by byte, and changes an existing one as somebody would who had it for a
 * while: with checksums that fit again.
 */
import { createHash } from 'node:crypto';

export type Json = Record<string, unknown>;

export interface CopyFields {
  readonly json: Json | string;
  readonly uuid: string;
  readonly label?: string;
  readonly seqid?: bigint;
  /** Of one copy, JSON area included. */
  readonly size?: number;
  readonly checksum?: string;
}

export const BINARY_BYTES = 4096;
export const COPY_BYTES = 16384;

function fill(copy: Buffer): Buffer {
  copy.fill(0, 448, 512);
  createHash('sha256').update(copy).digest().copy(copy, 448);
  return copy;
}

/** One copy as cryptsetup writes it; `offset` 0 is the first. */
export function luksCopy(offset: number, fields: CopyFields): Buffer {
  const size = fields.size ?? COPY_BYTES;
  const copy = Buffer.alloc(size);
  copy.write(offset === 0 ? 'LUKS\xba\xbe' : 'SKUL\xba\xbe', 0, 'latin1');
  copy.writeUInt16BE(2, 6);
  copy.writeBigUInt64BE(BigInt(size), 8);
  copy.writeBigUInt64BE(fields.seqid ?? 3n, 16);
  copy.write(fields.label ?? '', 24);
  copy.write(fields.checksum ?? 'sha256', 72);
  copy.write(fields.uuid, 168);
  copy.writeBigUInt64BE(BigInt(offset), 256);
  copy.write(typeof fields.json === 'string' ? fields.json : JSON.stringify(fields.json), BINARY_BYTES);
  return fill(copy);
}

/** Both copies, one after the other. */
export function luksFront(first: CopyFields, second: CopyFields = first): Buffer {
  const size = first.size ?? COPY_BYTES;
  return Buffer.concat([luksCopy(0, first), luksCopy(size, second)]);
}

/** Changes bytes of one copy and makes its checksum fit again. */
export function patchCopy(front: Buffer, offset: number, patch: (copy: Buffer) => void): void {
  const size = Number(front.readBigUInt64BE(offset + 8));
  const copy = front.subarray(offset, offset + size);
  patch(copy);
  fill(copy);
}

/** The JSON of one copy of a drive. */
export function copyJson(front: Buffer, offset: number): Json {
  const at = offset + BINARY_BYTES;
  return JSON.parse(front.toString('utf8', at, front.indexOf(0, at))) as Json;
}

/** Writes another JSON text to one copy of a drive, as cryptsetup would: with one more sequence number. */
export function writeCopyJson(front: Buffer, offset: number, text: string): void {
  patchCopy(front, offset, (copy) => {
    copy.fill(0, BINARY_BYTES);
    copy.write(text, BINARY_BYTES);
    copy.writeBigUInt64BE(copy.readBigUInt64BE(16) + 1n, 16);
  });
}

/** Changes the JSON of one copy of a drive. */
export function patchCopyJson(front: Buffer, offset: number, change: (json: Json) => void): void {
  const json = copyJson(front, offset);
  change(json);
  writeCopyJson(front, offset, JSON.stringify(json));
}

/** Changes the JSON of both copies. */
export function patchJson(front: Buffer, change: (json: Json) => void): void {
  const size = Number(front.readBigUInt64BE(8));
  for (const offset of [0, size]) patchCopyJson(front, offset, change);
}

export const KEY_ID = '01900000-0000-7abc-8def-0123456789ab';
export const CLAIM_TEXT = 'AAECAwQFBgcICQoLDA0ODw';
export const CLAIM = Uint8Array.from({ length: 16 }, (_, index) => index);
export const UUID = '7d444840-9dc0-41d1-b245-5ffdce74fad2';

/** The metadata of a drive as Keystair formats it. */
export function driveJson(): {
  keyslots: Record<string, Json>;
  tokens: Record<string, Json>;
  segments: Record<string, Json>;
  digests: Record<string, Json>;
  config: Json;
} {
  return {
    keyslots: {
      '0': {
        type: 'luks2',
        key_size: 64,
        af: { type: 'luks1', stripes: 4000, hash: 'sha256' },
        area: { type: 'raw', offset: '32768', size: '258048', encryption: 'aes-xts-plain64', key_size: 64 },
        kdf: { type: 'pbkdf2', hash: 'sha256', iterations: 1000, salt: 'AAAA' },
      },
    },
    tokens: { '0': { type: 'keystair', keyslots: ['0'], key: KEY_ID, claim: CLAIM_TEXT } },
    segments: {
      '0': {
        type: 'crypt',
        offset: '16777216',
        size: 'dynamic',
        iv_tweak: '0',
        encryption: 'aes-xts-plain64',
        sector_size: 4096,
      },
    },
    digests: {
      '0': {
        type: 'pbkdf2',
        keyslots: ['0'],
        segments: ['0'],
        hash: 'sha256',
        iterations: 1000,
        salt: 'AAAA',
        digest: 'AAAA',
      },
    },
    config: { json_size: '12288', keyslots_size: '16744448' },
  };
}
