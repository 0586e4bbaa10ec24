/** Checkpoints and proofs for people, in the forms that other tools read. */
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { Checkpoints } from './checkpoints.ts';

export interface CheckpointPorts extends Pick<ServerPorts, 'store'> {
  readonly checkpoints: Checkpoints | undefined;
}

/** Throws `record-unreadable` if none can be signed. */
export function requireCheckpoints({ checkpoints }: Pick<CheckpointPorts, 'checkpoints'>): Checkpoints {
  if (checkpoints !== undefined) return checkpoints;
  throw new KeystairError('record-unreadable', 'the keys that sign the audit log do not open', {
    nextStep: step('verify-and-restore'),
  });
}

/** Throws `not-found`, `data-damaged`. */
export async function auditProof(
  ports: CheckpointPorts,
  number: number,
): Promise<PeopleAnswer<'auditProof'>> {
  const checkpoints = requireCheckpoints(ports);
  const signed = await checkpoints.sign();
  const [row] = number === 0 ? [] : await ports.store.reader.auditAfter(number - 1, 1);
  if (row?.seq !== number || number > signed.size) {
    throw new KeystairError('not-found', `the audit log has no line ${number}`, {
      nextStep: `it has the lines 1 to ${signed.size}`,
    });
  }
  const index = number - 1;
  const hashes = (await checkpoints.inclusion(index, signed.size)).map((hash) =>
    Buffer.from(hash).toString('base64'),
  );
  const { size, root, note } = signed;
  return {
    number,
    line: row.event,
    size,
    root,
    hashes,
    checkpoint: note,
    keys: checkpoints.verifierKeysOf(signed.origin),
    proof: ['c2sp.org/tlog-proof@v1', `index ${index}`, ...hashes, '', note].join('\n'),
  };
}
