/**
 * What is said of seals between people and a server: how they look in a list, what is given to add one, and what opens
 * a sealed server. Secrets travel in bodies only, over the data directory's socket.
 */
import { z } from 'zod';
import {
  PASSWORD_BYTES_MAX,
  PIN_BYTES_MAX,
  RECOVERY_SHARE_BYTES_MAX,
  RECOVERY_SHARES_MAX,
} from '#domain/limits.ts';

export const ShownSeal = z.object({
  id: z.string(),
  kind: z.enum(['key-file', 'passphrase', 'pkcs11', 'recovery']),
  /** Null for those that an older release made. */
  createdAt: z.string().nullable(),
  /** For people: the token's label, how many shares. */
  about: z.string(),
  /** Whether it opens the server without a person, as the configuration is now. */
  opensByItself: z.boolean(),
});
export type ShownSeal = z.infer<typeof ShownSeal>;

/** All that a sealed server tells. */
export const SealState = z.object({
  sealed: z.boolean(),
  /** While it is sealed, the name is only what stands in its database. */
  server: z.object({ id: z.string(), name: z.string(), version: z.string() }),
  seals: z.array(ShownSeal),
  /** Why it did not open by itself, and what is wrong with rows of seals. */
  warnings: z.array(z.string()),
  nextStep: z.string().nullable(),
});
export type SealState = z.infer<typeof SealState>;

const Passphrase = z.string().min(1).max(PASSWORD_BYTES_MAX);
const Pin = z.string().min(1).max(PIN_BYTES_MAX);
const Label = z.string().min(1).max(32);
/** Another configuration file than the one the server was started with; a path on the server's machine. */
const Config = z.string().min(1).max(4096).optional();

export const AddSealRequest = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('passphrase'), passphrase: Passphrase }),
  z.object({ kind: z.literal('key-file'), config: Config }),
  z.object({
    kind: z.literal('pkcs11'),
    token: Label,
    key: Label,
    /** Left out where the configuration names a file with it. */
    pin: Pin.optional(),
    config: Config,
  }),
]);
export type AddSealRequest = z.infer<typeof AddSealRequest>;

export const UnsealBody = z
  .object({
    passphrase: Passphrase.optional(),
    pin: Pin.optional(),
    shares: z.array(z.string().max(RECOVERY_SHARE_BYTES_MAX)).min(1).max(RECOVERY_SHARES_MAX).optional(),
  })
  .refine((body) => Object.values(body).filter((value) => value !== undefined).length === 1, {
    message: 'give one of passphrase, pin and shares',
  });

export const InitRecoveryRequest = z.object({
  shares: z.number().int().min(2).max(RECOVERY_SHARES_MAX),
  threshold: z.number().int().min(2).max(RECOVERY_SHARES_MAX),
});

export const InitRecoveryAnswer = z.object({
  seal: z.string(),
  set: z.string(),
  threshold: z.number(),
  /** Each to be written down by one holder. They are told here and never again. */
  shares: z.array(z.string()),
  /** The set that these replace. */
  replaced: z.string().nullable(),
});

export const DataKeyState = z.object({
  /** The number of the data key that seals now. */
  current: z.number(),
  /** Null unless records are still being sealed anew under it. */
  resealing: z
    .object({
      done: z.number(),
      of: z.number(),
      /** Records that do not open, and are left as they are. */
      unreadable: z.number(),
      problem: z.string().nullable(),
    })
    .nullable(),
});
export type DataKeyState = z.infer<typeof DataKeyState>;
