/**
 * An authenticator in software: makes credentials (ES256) and answers challenges as a browser hands them on. What it
 * says can be falsified field by field.
 */
import { createSign, generateKeyPairSync, hash, type KeyObject, randomBytes } from 'node:crypto';
import type { PasskeyCreation, PasskeyRequest } from '#protocol/people/passkey-forms.ts';

export interface SoftPasskey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly userHandle: string;
  counter: number;
}

/** What an honest one says, and what it may be made to say instead. */
export interface Falsified {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly type?: string;
  readonly counter?: number;
  /** Bits: 1 present, 4 verified, 64 with a credential. */
  readonly flags?: number;
  readonly userHandle?: string;
  readonly format?: string;
}

const PRESENT_AND_VERIFIED = 0b101;
const WITH_CREDENTIAL = 0b1000000;

const sha256 = (bytes: Uint8Array | string): Buffer => hash('sha256', bytes, 'buffer');

/** CBOR (RFC 8949) of what is needed here. */
function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string')
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  const pairs = [...(value as Map<unknown, unknown>)];
  return Buffer.concat([head(5, pairs.length), ...pairs.flatMap((pair) => pair.map((one) => cbor(one)))]);
}

function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  if (size < 256) return Buffer.from([(major << 5) | 24, size]);
  return Buffer.from([(major << 5) | 25, size >> 8, size & 255]);
}

function clientData(type: string, challenge: string, origin: string): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}

function authenticatorData(rpId: string, flags: number, counter: number, credential: Uint8Array): Buffer {
  const fixed = Buffer.alloc(37);
  sha256(rpId).copy(fixed);
  fixed[32] = flags;
  fixed.writeUInt32BE(counter, 33);
  return Buffer.concat([fixed, credential]);
}

export function makePasskey(
  options: PasskeyCreation,
  origin: string,
  falsified: Falsified = {},
  counter = 1,
): { readonly passkey: SoftPasskey; readonly response: object } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rawId = randomBytes(32);
  const id = rawId.toString('base64url');
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const cose = cbor(
    new Map<number, unknown>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]),
  );
  const credential = Buffer.concat([Buffer.alloc(16), Buffer.from([0, rawId.length]), rawId, cose]);
  const flags = falsified.flags ?? PRESENT_AND_VERIFIED | WITH_CREDENTIAL;
  const authData = authenticatorData(falsified.rpId ?? options.rp.id, flags, counter, credential);
  const attestation = cbor(
    new Map<string, unknown>([
      ['fmt', falsified.format ?? 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ]),
  );
  const data = clientData(
    falsified.type ?? 'webauthn.create',
    falsified.challenge ?? options.challenge,
    falsified.origin ?? origin,
  );
  return {
    passkey: { id, privateKey, publicKey, userHandle: options.user.id, counter },
    response: {
      id,
      rawId: id,
      type: 'public-key',
      response: {
        clientDataJSON: data.toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal'],
      },
      clientExtensionResults: {},
    },
  };
}

export function answerWith(
  passkey: SoftPasskey,
  options: PasskeyRequest,
  origin: string,
  falsified: Falsified = {},
): object {
  if (passkey.counter > 0) passkey.counter += 1;
  const counter = falsified.counter ?? passkey.counter;
  const flags = falsified.flags ?? PRESENT_AND_VERIFIED;
  const authData = authenticatorData(falsified.rpId ?? options.rpId, flags, counter, Buffer.alloc(0));
  const data = clientData(
    falsified.type ?? 'webauthn.get',
    falsified.challenge ?? options.challenge,
    falsified.origin ?? origin,
  );
  const signature = createSign('sha256')
    .update(Buffer.concat([authData, sha256(data)]))
    .sign(passkey.privateKey);
  return {
    id: passkey.id,
    rawId: passkey.id,
    type: 'public-key',
    response: {
      clientDataJSON: data.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: falsified.userHandle ?? passkey.userHandle,
    },
    clientExtensionResults: {},
  };
}
