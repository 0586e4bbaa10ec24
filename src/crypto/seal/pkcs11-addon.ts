/**
 * The native addon that speaks to PKCS#11 tokens, and the part of its interface that we use, in the standard's own
 * names. The package is optional: it needs a compiler at installation, so its own types may be missing too.
 */
import { KeystairError } from '#domain/errors.ts';

export type Handle = Buffer;

interface Attribute {
  readonly type: number;
  readonly value?: number | boolean | string | Buffer;
}

export interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: {
    readonly type: number;
    readonly iv: Buffer;
    readonly ivBits: number;
    readonly aad: Buffer;
    readonly tagBits: number;
  };
}

/** Each call throws an `Error` whose message holds the standard's code for the fault (CKR_…). */
export interface Pkcs11Module {
  load(path: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_Login(session: Handle, userType: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, maxObjectCount: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly Attribute[],
  ): readonly { readonly value: Buffer }[];
  C_GenerateKey(session: Handle, mechanism: Mechanism, template: readonly Attribute[]): Handle;
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Encrypt(session: Handle, data: Buffer, room: Buffer): Buffer;
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Decrypt(session: Handle, data: Buffer, room: Buffer): Buffer;
}

type Constant =
  | 'CKA_CLASS'
  | 'CKA_DECRYPT'
  | 'CKA_ENCRYPT'
  | 'CKA_EXTRACTABLE'
  | 'CKA_KEY_TYPE'
  | 'CKA_LABEL'
  | 'CKA_PRIVATE'
  | 'CKA_SENSITIVE'
  | 'CKA_TOKEN'
  | 'CKA_VALUE_LEN'
  | 'CKF_RW_SESSION'
  | 'CKF_SERIAL_SESSION'
  | 'CKK_AES'
  | 'CKM_AES_GCM'
  | 'CKM_AES_KEY_GEN'
  | 'CKO_SECRET_KEY'
  | 'CKU_USER'
  | 'CK_PARAMS_AES_GCM_v240';

export type Addon = Readonly<Record<Constant, number>> & { readonly PKCS11: new () => Pkcs11Module };

/** Not a literal at the import: a compiler would look for its types. */
const PACKAGE: string = 'pkcs11js';

/** Throws `token-unavailable`. */
export async function loadAddon(): Promise<Addon> {
  try {
    const loaded = (await import(PACKAGE)) as { readonly default: Addon };
    return loaded.default;
  } catch (cause) {
    throw new KeystairError(
      'token-unavailable',
      'the native package pkcs11js, which tokens need, was not built on this machine',
      {
        nextStep:
          'install a C++ compiler, make and Python (apt-get install g++ make python3), and run `npm ci` again',
        cause,
      },
    );
  }
}
