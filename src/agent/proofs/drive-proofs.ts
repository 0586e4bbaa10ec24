/**
 * When each drive was last proved to open with its key as custody gives it back. Kept in the device's state, so that
 * the proofs of a day cost one question a drive, whatever restarts meanwhile.
 *
 * Invariant: a proof counts for the drive as it was proved. Another key, another header or a clock that went back ask
 * for a new one.
 */
import { isObject } from '#domain/bounded-json.ts';
import type { AgentState } from '../state.ts';
import type { DriveProof } from './drive-proof.ts';

/** What tells whether a proof is about this drive as it is. */
export type ProofSubject = Pick<DriveProof, 'path' | 'uuid' | 'key' | 'header'>;

/**
 * A proof is repeated somewhat sooner than the policy says: with heartbeats a quarter of an hour apart, and an hour
 * without the server, no two proofs of a day are more than a day apart.
 */
const PROOF_SOONER = 11 / 12;
const ONE_HOUR_MS = 60 * 60 * 1000;
/** Drives remembered, the last checked first: more than anybody plugs in, and what fits a fact of the state. */
const PROOFS_KEPT = 256;

/** What the disk damaged is proved again: nothing else depends on it. */
export function readProofs(state: AgentState): readonly DriveProof[] {
  const kept: unknown = state.getUnlessDamaged('drive-proofs');
  return Array.isArray(kept) ? kept.filter(isProof) : [];
}

function isProof(value: unknown): value is DriveProof {
  if (!isObject(value)) return false;
  const { path, uuid, key, header, checkedAt, provedAt, problem } = value;
  return (
    [path, uuid, key, header, checkedAt].every((text) => typeof text === 'string') &&
    (provedAt === null || typeof provedAt === 'string') &&
    (problem === null || isObject(problem))
  );
}

export function proofOf(
  proofs: readonly DriveProof[],
  { path, uuid }: Pick<DriveProof, 'path' | 'uuid'>,
): DriveProof | undefined {
  return proofs.find((proof) => proof.path === path && proof.uuid === uuid);
}

/** @param now Unix milliseconds. @param hours between two proofs, by the policy. */
export function isProofDue(
  proof: DriveProof | undefined,
  subject: Pick<ProofSubject, 'key' | 'header'>,
  now: number,
  hours: number,
): boolean {
  if (proof === undefined || proof.key !== subject.key || proof.header !== subject.header) return true;
  const age = now - Date.parse(proof.checkedAt);
  // A time to come was written while the clock was ahead.
  return !(age >= 0 && age < hours * ONE_HOUR_MS * PROOF_SOONER);
}

/** Read and written in one transaction: another command may prove a drive meanwhile. */
export function keepProof(state: AgentState, proof: DriveProof): void {
  state.transaction(() => {
    const others = readProofs(state).filter(({ path, uuid }) => path !== proof.path || uuid !== proof.uuid);
    state.set('drive-proofs', [proof, ...others].slice(0, PROOFS_KEPT));
  });
}
