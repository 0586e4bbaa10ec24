/**
 * Messages about seals: a seal in a list, what adds one, and what opens a sealed server. Invariant: secrets travel in
 * bodies only.
 */
import { z } from 'zod';
import {
  PASSWORD_BYTES_MAX,
  PIN_BYTES_MAX,
  RECOVERY_SHARE_BYTES_MAX,
  RECOVERY_SHARES_MAX,
  SEALS_MAX,
} from '#domain/limits.ts';
import { PATH_LENGTH_MAX } from '#domain/message-limits.ts';
import { list, STOPS, text, whole } from '../forms.ts';
import { NoticeForm, StepForm } from '../told-step.ts';
import { Field, Sentence } from './people-fields.ts';

/** A label, or the path of a key file. */
export const About = text(PATH_LENGTH_MAX);
/** A warning for each seal and one for all. */
export const SealWarnings = list(NoticeForm, 4 * SEALS_MAX);

export const ShownSeal = z.object({
  id: Field,
  kind: z.enum(['key-file', 'passphrase', 'pkcs11', 'recovery']),
  /** Null for those that an older release made. */
  createdAt: Field.nullable(),
  /** For people: the token's label, how many shares. */
  about: About,
  /** Whether it opens the server without a person under the current configuration. */
  opensByItself: z.boolean(),
});
export type ShownSeal = z.infer<typeof ShownSeal>;

/** All that a sealed server reveals. */
export const SealState = z.object({
  sealed: z.boolean(),
  /** While the server is sealed, the name is only what its database says. */
  server: z.object({ id: Field, name: Field, version: Field }),
  seals: list(ShownSeal, SEALS_MAX),
  /** Why auto-unseal failed, and what is wrong with rows of seals. */
  warnings: SealWarnings,
  nextStep: Sentence.nullable(),
  step: StepForm,
});
export type SealState = z.infer<typeof SealState>;

const Passphrase = text(PASSWORD_BYTES_MAX, 1);
const Pin = text(PIN_BYTES_MAX, 1);
const Label = text(32, 1);
/** A configuration file other than the one the server was started with; a path on the server's machine. */
const Config = text(PATH_LENGTH_MAX, 1).optional();

export const AddSealRequest = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('passphrase'), passphrase: Passphrase }),
  z.object({ kind: z.literal('key-file'), config: Config }),
  z.object({
    kind: z.literal('pkcs11'),
    token: Label,
    key: Label,
    /** Omitted if the configuration names a file that contains it. */
    pin: Pin.optional(),
    config: Config,
  }),
]);
export type AddSealRequest = z.infer<typeof AddSealRequest>;

export const UnsealBody = z
  .object({
    passphrase: Passphrase.optional(),
    pin: Pin.optional(),
    shares: list(text(RECOVERY_SHARE_BYTES_MAX), RECOVERY_SHARES_MAX, 1).optional(),
  })
  .refine((body) => Object.values(body).filter((value) => value !== undefined).length === 1, {
    ...STOPS,
    message: 'give one of passphrase, pin and shares',
  });

export const InitRecoveryRequest = z.object({
  shares: whole(2, RECOVERY_SHARES_MAX),
  threshold: whole(2, RECOVERY_SHARES_MAX),
});

export const InitRecoveryAnswer = z.object({
  seal: Field,
  set: Field,
  threshold: z.number(),
  /** One holder writes down each share. They are shown only here. */
  shares: list(text(RECOVERY_SHARE_BYTES_MAX), RECOVERY_SHARES_MAX),
  /** The set that these replace. */
  replaced: Field.nullable(),
});

export const DataKeyState = z.object({
  /** The number of the current data key. */
  current: z.number(),
  /** Null unless records are still being re-encrypted under it. */
  resealing: z
    .object({
      done: z.number(),
      of: z.number(),
      /** Records that do not open, and are left unchanged. */
      unreadable: z.number(),
      problem: Sentence.nullable(),
    })
    .nullable(),
});
export type DataKeyState = z.infer<typeof DataKeyState>;
