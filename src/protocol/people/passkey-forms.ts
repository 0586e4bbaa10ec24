/**
 * Requests to browsers about passkeys, and their answers (the JSON of Web Authentication level 3): the fields that are
 * needed, each with its bound.
 */
import { z } from 'zod';
import { PASSKEY_ALGORITHMS, PASSKEYS_MAX } from '#domain/people-limits.ts';
import { list, matching, text } from '../forms.ts';
import { Field } from './people-fields.ts';

/** The id of a credential has up to 1,023 bytes. */
const CREDENTIAL_ID_LENGTH_MAX = 1364;
/** Authenticator data, a key and an id, without the certificates of an attestation. */
const ATTESTATION_LENGTH_MAX = 8192;
const CLIENT_DATA_LENGTH_MAX = 4096;
const TRANSPORTS_MAX = 8;

const Bytes = (lengthMax: number) =>
  matching(new RegExp(`^[\\w-]{1,${lengthMax}}$`), 'must be base64url without padding');
const CredentialId = Bytes(CREDENTIAL_ID_LENGTH_MAX);
const Transports = list(Field, TRANSPORTS_MAX);
const Challenge = Bytes(64);

/** `PublicKeyCredentialCreationOptionsJSON`. */
export const PasskeyCreation = z.object({
  challenge: Challenge,
  rp: z.object({ id: Field, name: Field }),
  user: z.object({ id: Bytes(128), name: Field, displayName: Field }),
  pubKeyCredParams: list(
    z.object({ type: z.literal('public-key'), alg: z.number() }),
    PASSKEY_ALGORITHMS.length,
  ),
  timeout: z.number(),
  attestation: z.literal('none'),
  authenticatorSelection: z.object({
    residentKey: z.literal('required'),
    requireResidentKey: z.literal(true),
    userVerification: z.literal('required'),
  }),
  excludeCredentials: list(
    z.object({ type: z.literal('public-key'), id: CredentialId, transports: Transports }),
    PASSKEYS_MAX,
  ),
});
export type PasskeyCreation = z.infer<typeof PasskeyCreation>;

/** `PublicKeyCredentialRequestOptionsJSON`. Names no credential, so nobody learns which people have one. */
export const PasskeyRequest = z.object({
  challenge: Challenge,
  rpId: Field,
  timeout: z.number(),
  userVerification: z.literal('required'),
});
export type PasskeyRequest = z.infer<typeof PasskeyRequest>;

/** `RegistrationResponseJSON`. */
export const PasskeyCreated = z.object({
  id: CredentialId,
  rawId: CredentialId,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: Bytes(CLIENT_DATA_LENGTH_MAX),
    attestationObject: Bytes(ATTESTATION_LENGTH_MAX),
    transports: Transports.optional(),
  }),
});
export type PasskeyCreated = z.infer<typeof PasskeyCreated>;

/** `AuthenticationResponseJSON`. */
export const PasskeyAnswer = z.object({
  id: CredentialId,
  rawId: CredentialId,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: Bytes(CLIENT_DATA_LENGTH_MAX),
    authenticatorData: Bytes(1024),
    signature: Bytes(1024),
    userHandle: Bytes(128).optional(),
  }),
});
export type PasskeyAnswer = z.infer<typeof PasskeyAnswer>;

export const ListedPasskey = z.object({
  id: Field,
  /** The owner's name for it. */
  name: text(255),
  createdAt: Field,
  lastUsedAt: Field.nullable(),
});
export type ListedPasskey = z.infer<typeof ListedPasskey>;
