/**
 * The seal that is a PKCS#11 token: an AES-256 key that never leaves the token seals the 32 bytes that open the root
 * key (AES-GCM on the token). Without the token and a PIN, nothing opens.
 *
 * Invariants: a key that could be taken out of the token is refused; the module, which is code, comes from the
 * configuration and never from the database; a PIN is in no error.
 *
 * Every use initialises and finalises the module, so that a token that was pulled out and put back is found again.
 * Calls block this thread for as long as the token computes.
 */
import { assert, KeystairError } from '#domain/errors.ts';
import type { Random } from '../keyring.ts';
import { type Addon, type Handle, loadAddon, type Mechanism, type Pkcs11Module } from './pkcs11-addon.ts';

/** The code that speaks to tokens: a row must not name it. */
export interface TokenAccess {
  /** Path of the PKCS#11 module. */
  readonly module: string;
  readonly pin: string;
}

export interface TokenParameters {
  /** The token's label. */
  readonly token: string;
  /** The key's label on it. */
  readonly key: string;
  /** Base64, 12 bytes. */
  readonly nonce: string;
  /** Base64: the seal's 32 bytes and a tag of 16. */
  readonly sealed: string;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PURPOSE = 'keystair/token-seal/v1';

/** What the standard's codes (CKR_…) mean to the person at the token. */
const CAUSES: Readonly<Record<string, { readonly says: string; readonly nextStep: string }>> = {
  CKR_PIN_LOCKED: {
    says: 'has locked its PIN after too many wrong ones',
    nextStep: "unlock it with its vendor's tool and the security officer's PIN",
  },
  CKR_TOKEN_NOT_PRESENT: { says: 'is not present', nextStep: 'insert it again and try again' },
  CKR_DEVICE_REMOVED: { says: 'was removed', nextStep: 'insert it again and try again' },
  CKR_MECHANISM_INVALID: {
    says: 'does not support AES-GCM',
    nextStep: 'use a token that does, or another seal',
  },
};

function unavailable(sentence: string, nextStep: string, cause?: unknown): KeystairError {
  return new KeystairError('token-unavailable', sentence, { nextStep, cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error ? (/CKR_\w+/.exec(error.message)?.[0] ?? '') : '';
}

function tokenFault(label: string, error: unknown): KeystairError {
  if (error instanceof KeystairError) return error;
  const code = codeOf(error);
  if (['CKR_PIN_INCORRECT', 'CKR_PIN_LEN_RANGE', 'CKR_PIN_INVALID'].includes(code)) {
    return new KeystairError('pin-wrong', `the token "${label}" refuses this PIN`, {
      nextStep: 'enter the right one; tokens lock themselves after a few wrong ones',
    });
  }
  const known = CAUSES[code];
  if (known !== undefined) return unavailable(`the token "${label}" ${known.says}`, known.nextStep, error);
  const said = code === '' ? 'failed' : `failed with ${code}`;
  return unavailable(`the token "${label}" ${said}`, 'check the token and the log of its module', error);
}

interface OpenToken {
  readonly addon: Addon;
  readonly module: Pkcs11Module;
  readonly session: Handle;
}

function findSlot(module: Pkcs11Module, label: string): Handle {
  const labels = module.C_GetSlotList(true).map((slot) => ({ slot, ...module.C_GetTokenInfo(slot) }));
  const found = labels.filter((one) => one.label.trimEnd() === label);
  if (found.length === 1) return found[0]!.slot;
  if (found.length > 1) {
    throw unavailable(
      `more than one token has the label "${label}"`,
      'remove the other one, or give it another label',
    );
  }
  const there = labels.map((one) => `"${one.label.trimEnd()}"`).join(', ');
  throw unavailable(
    `there is no token "${label}"`,
    there === '' ? 'insert it, and check the path of the module' : `present: ${there}`,
  );
}

/** Logs in, works, and leaves nothing open. No step of it waits, so no other use comes between. */
async function withToken<T>(access: TokenAccess, label: string, work: (token: OpenToken) => T): Promise<T> {
  const addon = await loadAddon();
  const module = new addon.PKCS11();
  try {
    module.load(access.module);
  } catch (cause) {
    throw unavailable(
      `the PKCS#11 module ${access.module} cannot be loaded`,
      'give the path of the library that came with the token (pkcs11.module in the configuration)',
      cause,
    );
  }
  try {
    module.C_Initialize();
    try {
      const flags = addon.CKF_SERIAL_SESSION | addon.CKF_RW_SESSION;
      const session = module.C_OpenSession(findSlot(module, label), flags);
      module.C_Login(session, addon.CKU_USER, access.pin);
      return work({ addon, module, session });
    } finally {
      // This also ends sessions and the login.
      module.C_Finalize();
    }
  } catch (error) {
    throw tokenFault(label, error);
  } finally {
    module.close();
  }
}

function findKey({ addon, module, session }: OpenToken, label: string): Handle | undefined {
  module.C_FindObjectsInit(session, [
    { type: addon.CKA_CLASS, value: addon.CKO_SECRET_KEY },
    { type: addon.CKA_LABEL, value: label },
  ]);
  try {
    const found = module.C_FindObjects(session, 2);
    if (found.length > 1) {
      throw unavailable(
        `the token has more than one key with the label "${label}"`,
        "give one of them another label with the token's tool",
      );
    }
    return found[0];
  } finally {
    module.C_FindObjectsFinal(session);
  }
}

function makeTokenKey({ addon, module, session }: OpenToken, label: string): Handle {
  return module.C_GenerateKey(session, { mechanism: addon.CKM_AES_KEY_GEN }, [
    { type: addon.CKA_CLASS, value: addon.CKO_SECRET_KEY },
    { type: addon.CKA_KEY_TYPE, value: addon.CKK_AES },
    { type: addon.CKA_VALUE_LEN, value: KEY_BYTES },
    { type: addon.CKA_LABEL, value: label },
    { type: addon.CKA_TOKEN, value: true },
    { type: addon.CKA_PRIVATE, value: true },
    { type: addon.CKA_SENSITIVE, value: true },
    { type: addon.CKA_EXTRACTABLE, value: false },
    { type: addon.CKA_ENCRYPT, value: true },
    { type: addon.CKA_DECRYPT, value: true },
  ]);
}

function requireBoundKey({ addon, module, session }: OpenToken, key: Handle, label: string): void {
  const [sensitive, extractable, bytes] = module
    .C_GetAttributeValue(session, key, [
      { type: addon.CKA_SENSITIVE },
      { type: addon.CKA_EXTRACTABLE },
      { type: addon.CKA_VALUE_LEN },
    ])
    .map(({ value }) => value[0]);
  if (sensitive === 1 && extractable === 0 && bytes === KEY_BYTES) return;
  throw unavailable(
    `the key "${label}" is not an AES-256 key that cannot leave the token`,
    'name a key that does not exist yet: the server then makes it',
  );
}

function mechanism({ addon }: OpenToken, nonce: Buffer, sealId: string): Mechanism {
  const parameter = {
    type: addon.CK_PARAMS_AES_GCM_v240,
    iv: nonce,
    ivBits: NONCE_BYTES * 8,
    aad: Buffer.from(`${PURPOSE}\n${sealId}`),
    tagBits: TAG_BYTES * 8,
  };
  return { mechanism: addon.CKM_AES_GCM, parameter };
}

/** Seals 32 bytes under a key of the token, which is made if it is missing. Throws `token-unavailable`, `pin-wrong`. */
export async function sealUnderToken(
  access: TokenAccess,
  names: Pick<TokenParameters, 'token' | 'key'>,
  sealId: string,
  sealKey: Uint8Array,
  random: Random,
): Promise<{ readonly parameters: TokenParameters; readonly made: boolean }> {
  assert(sealKey.length === KEY_BYTES, 'a seal gives 32 bytes');
  return withToken(access, names.token, (token) => {
    const there = findKey(token, names.key);
    const key = there ?? makeTokenKey(token, names.key);
    requireBoundKey(token, key, names.key);
    const nonce = Buffer.from(random(NONCE_BYTES));
    token.module.C_EncryptInit(token.session, mechanism(token, nonce, sealId), key);
    const sealed = token.module.C_Encrypt(
      token.session,
      Buffer.from(sealKey),
      Buffer.alloc(KEY_BYTES + TAG_BYTES),
    );
    const base64 = { nonce: nonce.toString('base64'), sealed: sealed.toString('base64') };
    return { parameters: { ...names, ...base64 }, made: there === undefined };
  });
}

/** The 32 bytes. Throws `token-unavailable`, `pin-wrong`, and `root-key-wrong` where the token's key does not open them. */
export async function openUnderToken(
  access: TokenAccess,
  parameters: TokenParameters,
  sealId: string,
): Promise<Uint8Array> {
  return withToken(access, parameters.token, (token) => {
    const key = findKey(token, parameters.key);
    if (key === undefined) {
      throw unavailable(
        `the token "${parameters.token}" has no key with the label "${parameters.key}"`,
        'insert the token this server was set up with, or open the server with another seal',
      );
    }
    const nonce = Buffer.from(parameters.nonce, 'base64');
    token.module.C_DecryptInit(token.session, mechanism(token, nonce, sealId), key);
    try {
      const sealed = Buffer.from(parameters.sealed, 'base64');
      const opened = token.module.C_Decrypt(token.session, sealed, Buffer.alloc(sealed.length));
      return new Uint8Array(opened.subarray(0, KEY_BYTES));
    } catch (cause) {
      throw new KeystairError('root-key-wrong', `the token "${parameters.token}" does not open this seal`, {
        nextStep: 'insert the token this server was set up with, or open the server with another seal',
        cause,
      });
    }
  });
}
