/** The newest checkpoint of this server's audit log for a neighbour, with a proof from what the neighbour holds. */
import type { CheckpointMessage } from '#protocol/checkpoint-messages.ts';
import type { Checkpoints } from '../checkpoints/checkpoints.ts';

/** @param held what the neighbour holds of this log; null: nothing. @param youngMs a checkpoint no older will do. */
export async function checkpointMessage(
  checkpoints: Checkpoints,
  held: { readonly origin: string; readonly size: number } | null,
  youngMs = 0,
): Promise<CheckpointMessage> {
  let signed = await checkpoints.sign(youngMs);
  if (held !== null && held.origin === signed.origin && held.size > signed.size)
    signed = await checkpoints.sign();
  // A log that is shorter than what is held of it has no proof.
  const from = held === null || held.size > signed.size ? 0 : held.size;
  const proof = await checkpoints.consistency(from, signed.size);
  return {
    note: signed.note,
    keys: checkpoints.verifierKeysOf(signed.origin),
    from,
    proof: proof.map((hash) => Buffer.from(hash).toString('base64')),
  };
}
