/**
 * Signed notes as C2SP signed-note has them: a text, an empty line, and signature lines that each name their key. And
 * verifier keys, the one-line form in which a public key is handed on.
 *
 * Nothing here verifies: `crypto/note-keys.ts` does.
 */
import { sha256 } from './sha-256.ts';

/** A checkpoint with three post-quantum signatures has some 12 KiB. */
const NOTE_BYTES_MAX = 32 * 1024;
/** As many as every verifier must take. */
const SIGNATURES_MAX = 16;
const KEY_ID_BYTES = 4;
const SIGNATURE_LINE = /^— ([^\s+]{1,255}) ([A-Za-z0-9+/]{8,8192}={0,2})$/;
const VERIFIER_KEY = /^([^\s+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{8,4096}={0,2})$/;

/** The algorithm of a signature, and what it covers. */
export const SIGNATURE_TYPES = {
  /** Ed25519 over the text. */
  ed25519: 0x01,
  /** Ed25519 over a time and the text: the signer saw no other history of that log. */
  'cosignature-ed25519': 0x04,
  /** ML-DSA-44 over a time, the signer's name, and origin, size and root of a checkpoint. */
  'cosignature-ml-dsa-44': 0x06,
} as const;
export type SignatureType = keyof typeof SIGNATURE_TYPES;

export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** With its last line feed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface VerifierKey {
  readonly name: string;
  readonly type: SignatureType;
  readonly publicKey: Uint8Array;
}

/** SHA-256(name ‖ line feed ‖ type ‖ public key), the first 4 bytes. */
export function keyIdOf({ name, type, publicKey }: VerifierKey): Buffer {
  const start = Buffer.from(`${name}\n`);
  return sha256(Buffer.concat([start, Buffer.of(SIGNATURE_TYPES[type]), publicKey])).subarray(
    0,
    KEY_ID_BYTES,
  );
}

export function signatureLine({ name, keyId, signature }: NoteSignature): string {
  return `— ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
}

export function noteText(text: string, signatures: readonly NoteSignature[]): string {
  return `${text}\n${signatures.map(signatureLine).join('')}`;
}

/** Undefined where it is no note. */
export function parseNote(note: string): Note | undefined {
  const split = note.lastIndexOf('\n\n');
  if (note.length > NOTE_BYTES_MAX || split === -1 || hasControlCharacter(note) || !note.endsWith('\n'))
    return undefined;
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) return undefined;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignature(line);
    if (signature === undefined) return undefined;
    signatures.push(signature);
  }
  return { text: note.slice(0, split + 1), signatures };
}

/** Any but a line feed. */
function hasControlCharacter(note: string): boolean {
  for (let at = 0; at < note.length; at += 1) {
    const code = note.charCodeAt(at);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}

function parseSignature(line: string): NoteSignature | undefined {
  const match = SIGNATURE_LINE.exec(line);
  const bytes = match === null ? undefined : canonicalBytes(match[2]!);
  if (match === null || bytes === undefined || bytes.length <= KEY_ID_BYTES) return undefined;
  return { name: match[1]!, keyId: bytes.subarray(0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) };
}

/** `NAME+ID+BASE64`. */
export function verifierKeyText(key: VerifierKey): string {
  const body = Buffer.concat([Buffer.of(SIGNATURE_TYPES[key.type]), key.publicKey]);
  return `${key.name}+${keyIdOf(key).toString('hex')}+${body.toString('base64')}`;
}

/** Undefined where it is none, or of an algorithm that is not known here. */
export function parseVerifierKey(text: string): VerifierKey | undefined {
  const match = VERIFIER_KEY.exec(text);
  const bytes = match === null ? undefined : canonicalBytes(match[3]!);
  if (match === null || bytes === undefined) return undefined;
  const type = Object.entries(SIGNATURE_TYPES).find(([, byte]) => byte === bytes[0])?.[0] as
    | SignatureType
    | undefined;
  if (type === undefined) return undefined;
  const key: VerifierKey = { name: match[1]!, type, publicKey: bytes.subarray(1) };
  return keyIdOf(key).toString('hex') === match[2] ? key : undefined;
}

/** One text for one signature: another base64 of the same bytes is refused. */
function canonicalBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
