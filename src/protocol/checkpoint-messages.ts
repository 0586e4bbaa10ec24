/** What neighbours tell each other of their audit logs, as schemas. Every field of it is optional in a heartbeat. */
import { z } from 'zod';
import { base64, list, matching, text, whole } from './forms.ts';

/** With two signatures a note takes 3,700 characters, and twice that is room for another algorithm. */
const NOTE_LENGTH_MAX = 8192;
/** A post-quantum key in base64 with its name: 1,900 characters. */
const VERIFIER_KEY_LENGTH_MAX = 2560;
/** A proof has at most two hashes for each bit of a size. */
const PROOF_HASHES_MAX = 128;
const ORIGIN_LENGTH_MAX = 128;
/** Of a log, or of a witness: one of each algorithm. */
const VERIFIER_KEYS_MAX = 2;

export const Note = text(2 * NOTE_LENGTH_MAX);
const Root = matching(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
export const VerifierKeys = list(text(VERIFIER_KEY_LENGTH_MAX), VERIFIER_KEYS_MAX, 1);
const LogName = z.object({ origin: text(ORIGIN_LENGTH_MAX), size: whole() });

/** A checkpoint, and the proof that it continues the first `from` lines. */
const CheckpointMessage = z.object({
  note: text(NOTE_LENGTH_MAX),
  keys: VerifierKeys,
  from: whole(),
  proof: list(base64(44), PROOF_HASHES_MAX),
});
export type CheckpointMessage = z.infer<typeof CheckpointMessage>;

/** In every heartbeat: how the secondary's log stands. Its origin follows from the caller and the epoch. */
export const LogStatement = z.object({ size: whole(), root: Root });

/** Where the primary asked for it. `ofPrimary`: what the secondary holds of the primary's log. */
export const ToldCheckpoint = CheckpointMessage.extend({ ofPrimary: LogName.nullable() });

export const LogAnswer = z.object({
  /** What the primary holds of the caller's log; null: nothing yet. Where it is not as the caller said, a proof is wanted. */
  held: LogName.extend({ root: Root }).nullable(),
  /** A gap is not acknowledged yet. */
  gap: z.boolean().optional(),
  /** Signature lines for the checkpoint that the caller told. */
  cosigned: z.object({ signatures: text(NOTE_LENGTH_MAX), keys: VerifierKeys }).optional(),
  /** The primary's own. */
  own: CheckpointMessage.optional(),
});
export type LogAnswer = z.infer<typeof LogAnswer>;
