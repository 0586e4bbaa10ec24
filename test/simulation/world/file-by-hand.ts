/**
 * Export files outside any server: read with their password, as whoever carries them could, and altered on the way.
 *
 * Opening and sealing them takes no threads: scrypt is done at once, and WebCrypto, which answers from threads, is
 * made to say that it has no X25519, so that typage computes itself.
 */
import { createHash } from 'node:crypto';
import { stretchAtOnce } from '#crypto/age/scrypt-stanza.ts';
import { openExport } from '#crypto/export-envelope/open-export.ts';
import { prepareSeal } from '#crypto/export-envelope/seal-export.ts';
import { requireStrongPassword } from '#crypto/password/password-strength.ts';
import { exportTrailerLine } from '#domain/export-file.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import type { Dice } from './dice.ts';

/** As short as the server lets it be: to judge a longer one takes twice as long, some twenty times in a run. */
export const PASSWORD = 'gravel-lantern-otter';
const WRONG_PASSWORD = 'gravel-lantern-otters';

export interface FileRecord {
  readonly id: string;
  readonly material: string;
}

/** What may have become of a file before it is imported. */
export const ALTERATIONS = [
  'cut',
  'bit-flipped',
  'other-password',
  'record-altered',
  'record-twice',
] as const;
export type Alteration = (typeof ALTERATIONS)[number];

/** Loads what is loaded when first needed, so that it is there in every run alike. */
export async function prepareFilesByHand(): Promise<void> {
  globalThis.crypto.subtle.importKey = () =>
    Promise.reject(new DOMException('no X25519 in a simulation', 'NotSupportedError'));
  await requireStrongPassword(PASSWORD);
}

export async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function linesOf(bytes: Uint8Array): Promise<string[]> {
  const password = KeyMaterial.fromText(PASSWORD);
  const keys = { password, identities: async () => [], stretch: stretchAtOnce };
  const blocks: Uint8Array[] = [];
  for await (const block of openExport(inPieces(bytes), keys)) blocks.push(block);
  return Buffer.concat(blocks).toString('utf8').split('\n').slice(0, -1);
}

/** Of a file with the password. */
export async function recordsOf(bytes: Uint8Array): Promise<FileRecord[]> {
  const lines = await linesOf(bytes);
  return lines.slice(1, -1).map((line) => {
    const { key, material } = JSON.parse(line) as { key: { id: string }; material: string };
    return { id: key.id, material };
  });
}

/** The altered file, and the password with which somebody tries it. Undefined where there is nothing to alter. */
export async function altered(
  bytes: Uint8Array,
  alteration: Alteration,
  dice: Dice,
): Promise<{ readonly bytes: Uint8Array; readonly password: string } | undefined> {
  switch (alteration) {
    case 'cut':
      return { bytes: bytes.subarray(0, dice.below(bytes.length)), password: PASSWORD };
    case 'bit-flipped': {
      const flipped = Buffer.from(bytes);
      const at = dice.below(flipped.length);
      flipped[at] = flipped[at]! ^ (1 << dice.below(8));
      return { bytes: flipped, password: PASSWORD };
    }
    case 'other-password':
      return { bytes, password: WRONG_PASSWORD };
    case 'record-altered':
    case 'record-twice': {
      const [header, ...others] = await linesOf(bytes);
      const records = others.slice(0, -1);
      if (records.length === 0) return undefined;
      const at = dice.below(records.length);
      if (alteration === 'record-twice') records.push(records[at]!);
      else records[at] = otherMaterial(records[at]!, dice);
      return { bytes: await sealedAgain([header!, ...records], dice), password: PASSWORD };
    }
  }
}

/** The same id, and other bytes: what somebody who knows the password could make. */
function otherMaterial(line: string, dice: Dice): string {
  const record = JSON.parse(line) as { material: string };
  return JSON.stringify({ ...record, material: Buffer.from(dice.bytes(32)).toString('base64') });
}

async function sealedAgain(lines: readonly string[], dice: Dice): Promise<Uint8Array> {
  const inside = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const digest = createHash('sha256').update(inside).digest('hex');
  const trailer = Buffer.from(exportTrailerLine(lines.length - 1, digest));
  const seal = await prepareSeal(
    { kind: 'password', password: KeyMaterial.fromText(PASSWORD) },
    { random: (count) => dice.bytes(count), workFactor: 1, stretch: stretchAtOnce },
  );
  const blocks: Uint8Array[] = [];
  for await (const block of seal.seal(inPieces(Buffer.concat([inside, trailer])))) blocks.push(block);
  return Buffer.concat(blocks);
}
