/**
 * Keystair's own stanza in an age header, `-> keystair KEY-ID CLAIM` with an empty body: it names the key that opens
 * the file, and carries the claim that proves possession of the file.
 *
 * Invariant: one file names one key in one spelling. A second stanza, a further argument or a non-canonical claim could
 * make two readers ask for two different keys, so all of them are refused.
 */
import { claimFromText, claimToText } from './claim.ts';
import { isClaimText } from './claim-text.ts';
import { UUID_PATTERN } from './uuid.ts';
import { assert, KeystairError } from './errors.ts';
import { fileDamaged } from './file-damaged.ts';
import { CLAIM_BYTES } from './limits.ts';
import { step } from './step.ts';

/** A recipient stanza of an age header, the body decoded. */
export interface AgeStanza {
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

export interface FileStanza {
  readonly keyId: string;
  readonly claim: Uint8Array;
}

const STANZA_TYPE = 'keystair';

/** The stanza's arguments; its body is empty. */
export function encodeFileStanza({ keyId, claim }: FileStanza): [string, string, string] {
  assert(UUID_PATTERN.test(keyId), 'a file stanza names a key by its UUID');
  assert(claim.length === CLAIM_BYTES, 'a file stanza carries a whole claim');
  return [STANZA_TYPE, keyId, claimToText(claim)];
}

export function isFileStanza(stanza: AgeStanza): boolean {
  return stanza.args[0] === STANZA_TYPE;
}

/** Exports and backups are age files too and lie in the same folders, so the failure says what it may be and what opens it. */
function notOfADevice(stanzas: readonly AgeStanza[]): KeystairError {
  const withPassword = stanzas.some(({ args }) => args[0] === 'scrypt');
  return new KeystairError(
    'file-not-encrypted',
    withPassword
      ? 'the file opens with a password, like an export or a backup of a server; no device encrypted it'
      : 'the file is encrypted with age, but not by a Keystair device',
    {
      nextStep: step(withPassword ? 'open-elsewhere' : 'open-elsewhere-sealed'),
    },
  );
}

/** Throws `file-not-encrypted` where there is none, `file-damaged` where it is not the one canonical stanza. */
export function findFileStanza(stanzas: readonly AgeStanza[]): FileStanza {
  const ours = stanzas.filter(isFileStanza);
  const [stanza] = ours;
  if (stanza === undefined) throw notOfADevice(stanzas);
  if (ours.length > 1) throw fileDamaged("the file's header names more than one Keystair key");
  const [, keyId, claim, ...more] = stanza.args;
  if (keyId === undefined || claim === undefined || more.length > 0) {
    throw fileDamaged(
      "the Keystair stanza in the file's header must hold a key id and a claim, and nothing else",
    );
  }
  if (!UUID_PATTERN.test(keyId))
    throw fileDamaged("the key id in the file's header is not a lower-case UUID");
  if (!isClaimText(claim)) {
    throw fileDamaged(
      `the claim in the file's header is not ${CLAIM_BYTES} bytes in unpadded canonical base64`,
    );
  }
  if (stanza.body.length > 0)
    throw fileDamaged("the Keystair stanza in the file's header must have an empty body");
  return { keyId, claim: claimFromText(claim) };
}
