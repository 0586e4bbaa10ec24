/**
 * The file by which a device without a connection asks for a key: JSON that a person carries. It holds nothing that
 * opens data; but as it holds the claim, whoever has it may ask for that key like one who holds the data.
 */
import { z } from 'zod';
import { isObject, parseJson } from '#domain/bounded-json.ts';
import { REQUEST_JSON } from '#domain/json-bounds.ts';
import { KeystairError } from '#domain/errors.ts';
import { ClaimText, FileStanzas } from '../data-header.ts';
import { ServerNameSchema, Uuid } from '../fields.ts';
import { faultWords, formed } from '../forms.ts';
import { Recipient } from '../introduction.ts';

export const KEY_REQUEST = 'key-request';
export const KEY_REQUEST_VERSION = 1;

/** What a server needs of it beside the key's id. */
export const ASKED_FIELDS = {
  /** Of the request. */
  request: Uuid,
  claim: ClaimText,
  /** As the request says: nobody proved it. */
  device: ServerNameSchema,
  /** Made for this request: only the device that made it opens the answer. */
  recipient: Recipient,
  /** Of a file; absent for a drive. */
  stanzas: FileStanzas.optional(),
};

const KeyRequest = z.object({
  keystair: z.literal(KEY_REQUEST),
  version: z.literal(KEY_REQUEST_VERSION),
  key: Uuid,
  /** The device's own. */
  server: ServerNameSchema,
  ...ASKED_FIELDS,
});
export type KeyRequest = z.output<typeof KeyRequest>;

/** Of a request that was read out: an X25519 key in base64url. What answers it is read out as well. */
export const SPOKEN_RECIPIENT = /^x25519:[\w-]{43}$/;

/** Why a text is no request, or the request. */
export function readKeyRequest(text: string): KeyRequest | { readonly because: string } {
  let value: unknown;
  try {
    value = parseJson(text, REQUEST_JSON);
  } catch {
    return { because: 'it is not JSON, or far too long' };
  }
  if (!isObject(value) || value['keystair'] !== KEY_REQUEST) return { because: 'it does not say that it is' };
  const { version } = value;
  if (typeof version === 'number' && version > KEY_REQUEST_VERSION) {
    throw new KeystairError(
      'protocol-version',
      `the request has version ${version}, which is newer than this release`,
      {
        nextStep: 'upgrade Keystair here',
      },
    );
  }
  const read = formed(KeyRequest, value);
  return read.ok ? read.value : { because: faultWords(read.fault, 'the file') };
}
