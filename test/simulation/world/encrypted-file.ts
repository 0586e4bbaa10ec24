/**
 * The header of a file that a device encrypts: an age identity made of given bytes, and a file key wrapped for it as the
 * specification says (C2SP age, section "X25519 recipient stanza"), apart from the library that the program uses. Nothing
 * takes threads or chance of its own.
 */
import { createCipheriv, createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from 'node:crypto';
import type { Dice } from './dice.ts';

export interface EncryptedFile {
  /** In base64: what whoever may read the file is to have. */
  readonly fileKey: string;
  /** As the agent sends them: bodies in base64. */
  readonly stanzas: { args: string[]; body: string }[];
}

const IDENTITY_PREFIX = 'age-secret-key-';
const INFO = 'age-encryption.org/v1/X25519';
/** An X25519 private and public key in DER (RFC 8410), but for their 32 bytes. */
const PRIVATE_DER = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PUBLIC_DER_BYTES = 12;
const KEY_BYTES = 32;
const FILE_KEY_BYTES = 16;

function privateKeyOf(bytes: Uint8Array) {
  return createPrivateKey({ key: Buffer.concat([PRIVATE_DER, bytes]), format: 'der', type: 'pkcs8' });
}

function publicBytesOf(privateKey: ReturnType<typeof privateKeyOf>): Buffer {
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(PUBLIC_DER_BYTES);
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

/** @param secret the 32 bytes of the device's identity. */
export function encryptFile(secret: Uint8Array, dice: Dice): EncryptedFile {
  const recipient = createPublicKey(privateKeyOf(secret));
  const ephemeral = privateKeyOf(dice.bytes(KEY_BYTES));
  const share = publicBytesOf(ephemeral);
  const shared = diffieHellman({ privateKey: ephemeral, publicKey: recipient });
  const salt = Buffer.concat([share, publicBytesOf(privateKeyOf(secret))]);
  const wrappingKey = Buffer.from(hkdfSync('sha256', shared, salt, INFO, KEY_BYTES));
  const fileKey = dice.bytes(FILE_KEY_BYTES);
  const cipher = createCipheriv('chacha20-poly1305', wrappingKey, Buffer.alloc(12), { authTagLength: 16 });
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
  return {
    fileKey: Buffer.from(fileKey).toString('base64'),
    stanzas: [{ args: ['X25519', unpadded(share)], body: body.toString('base64') }],
  };
}

/** The identity as age writes it: Bech32 (BIP 173) in capitals. */
export function identityText(secret: Uint8Array): string {
  const data = inFives(secret);
  const sum = checksum([...expanded(IDENTITY_PREFIX), ...data, 0, 0, 0, 0, 0, 0]) ^ 1;
  const check = [25, 20, 15, 10, 5, 0].map((shift) => (sum >>> shift) & 31);
  const text = [...data, ...check].map((five) => ALPHABET[five]).join('');
  return `${IDENTITY_PREFIX}1${text}`.toUpperCase();
}

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

function checksum(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    GENERATOR.forEach((part, bit) => {
      if ((top >>> bit) & 1) sum ^= part;
    });
  }
  return sum;
}

function expanded(prefix: string): number[] {
  const codes = [...Buffer.from(prefix)];
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function inFives(bytes: Uint8Array): number[] {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => Number.parseInt(five.padEnd(5, '0'), 2));
}
