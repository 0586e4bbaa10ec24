/**
 * The keys that sign checkpoints: Ed25519, which every tool for signed notes reads, and ML-DSA-44, which still holds
 * when quantum computers break the other. C2SP signed-note and tlog-cosignature.
 *
 * Invariants: one key pair signs one type of signature under one role. A key in the note that is known must verify.
 */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { type Checkpoint, checkpointText, parseCheckpoint } from '#domain/checkpoint.ts';
import { assert } from '#domain/errors.ts';
import {
  keyIdOf,
  type Note,
  type NoteSignature,
  parseNote,
  type SignatureType,
  type VerifierKey,
} from '#domain/signed-note.ts';

export const SEED_BYTES = 32;
const TIME_BYTES = 8;

/** RFC 8410 and RFC 9881: all that precedes the seed, or the public key, in DER. */
const ED25519 = {
  pkcs8: '302e020100300506032b657004220420',
  spki: '302a300506032b6570032100',
  publicBytes: 32,
};
const ML_DSA_44 = {
  pkcs8: '3034020100300b060960864801650304031104228020',
  spki: '30820532300b06096086480165030403110382052100',
  publicBytes: 1312,
};
const ALGORITHMS = {
  ed25519: ED25519,
  'cosignature-ed25519': ED25519,
  'cosignature-ml-dsa-44': ML_DSA_44,
} as const satisfies Readonly<Record<SignatureType, typeof ED25519>>;

export interface NoteSigner {
  readonly verifierKey: VerifierKey;
  /** @param at Unix ms; a signature of type `ed25519` does not hold it. */
  readonly sign: (checkpoint: Checkpoint, at: number) => NoteSignature;
}

export function noteSigner(name: string, type: SignatureType, seed: Uint8Array): NoteSigner {
  assert(seed.length === SEED_BYTES, 'a seed has 32 bytes');
  const { pkcs8, publicBytes } = ALGORITHMS[type];
  const der = Buffer.concat([Buffer.from(pkcs8, 'hex'), seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const verifierKey: VerifierKey = { name, type, publicKey: spki.subarray(-publicBytes) };
  const keyId = keyIdOf(verifierKey);
  return {
    verifierKey,
    sign(checkpoint, at) {
      const seconds = BigInt(Math.floor(at / 1000));
      const message = messageOf(type, name, checkpoint, seconds);
      const signature = signBytes(null, message, privateKey);
      return {
        name,
        keyId,
        signature: type === 'ed25519' ? signature : Buffer.concat([timeBytes(seconds), signature]),
      };
    },
  };
}

/** What a type of signature covers. */
function messageOf(type: SignatureType, name: string, checkpoint: Checkpoint, seconds: bigint): Buffer {
  switch (type) {
    case 'ed25519':
      return Buffer.from(checkpointText(checkpoint));
    case 'cosignature-ed25519':
      return Buffer.from(`cosignature/v1\ntime ${seconds}\n${checkpointText(checkpoint)}`);
    case 'cosignature-ml-dsa-44':
      return Buffer.concat([
        Buffer.from('subtree/v1\n\0'),
        shortText(name),
        timeBytes(seconds),
        shortText(checkpoint.origin),
        // From the first leaf on: a whole tree.
        timeBytes(0n),
        timeBytes(BigInt(checkpoint.size)),
        checkpoint.root,
      ]);
  }
}

/** An unsigned number of 64 bits, big-endian. */
function timeBytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(TIME_BYTES);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

/** With its length in one byte before it. */
function shortText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

export interface VerifiedNote {
  readonly checkpoint: Checkpoint;
  /** The keys that signed it, of those that were given; at least one. */
  readonly by: readonly VerifierKey[];
  /** Of a cosignature, Unix ms; null where none of the keys makes any. */
  readonly at: number | null;
}

/**
 * A checkpoint's note, verified by these keys. Undefined where it is none, where none of them signed it, or where a
 * signature by one of them is wrong: signatures by other keys are let be.
 */
export function verifyNote(note: string, keys: readonly VerifierKey[]): VerifiedNote | undefined {
  const parsed = parseNote(note);
  const checkpoint = parsed === undefined ? undefined : parseCheckpoint(parsed.text);
  if (parsed === undefined || checkpoint === undefined) return undefined;
  const by: VerifierKey[] = [];
  let at: number | null = null;
  for (const key of keys) {
    for (const { signature } of signaturesBy(parsed, key)) {
      const seconds = verifySignature(key, checkpoint, signature);
      if (seconds === undefined) return undefined;
      if (!by.includes(key)) by.push(key);
      if (key.type !== 'ed25519') at = Number(seconds) * 1000;
    }
  }
  return by.length === 0 ? undefined : { checkpoint, by, at };
}

function signaturesBy({ signatures }: Note, key: VerifierKey): NoteSignature[] {
  const keyId = keyIdOf(key);
  return signatures.filter(({ name, keyId: id }) => name === key.name && Buffer.compare(id, keyId) === 0);
}

/** Its time in seconds; undefined where it is wrong. */
function verifySignature(key: VerifierKey, checkpoint: Checkpoint, bytes: Uint8Array): bigint | undefined {
  const signature = Buffer.from(bytes);
  const timed = key.type !== 'ed25519';
  if (timed && signature.length <= TIME_BYTES) return undefined;
  const seconds = timed ? signature.readBigUInt64BE() : 0n;
  const publicKey = publicKeyOf(key);
  if (publicKey === undefined) return undefined;
  const message = messageOf(key.type, key.name, checkpoint, seconds);
  const right = verifyBytes(null, message, publicKey, timed ? signature.subarray(TIME_BYTES) : signature);
  return right ? seconds : undefined;
}

function publicKeyOf({ type, publicKey }: VerifierKey): KeyObject | undefined {
  const { spki, publicBytes } = ALGORITHMS[type];
  if (publicKey.length !== publicBytes) return undefined;
  const der = Buffer.concat([Buffer.from(spki, 'hex'), publicKey]);
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
