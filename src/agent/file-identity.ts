/**
 * The device's file identity: the age recipient to which its files are encrypted. A new one, with a new claim, every 30
 * days unless the policy says otherwise, and on command, so that one file gives access to that period's files at most.
 */
import { makeAgeIdentity, recipientOf } from '#crypto/age-identity.ts';
import type { AgeAlgorithm } from '#domain/age-algorithm.ts';
import { claimFromText } from '#domain/claim.ts';
import type { EncryptionKey } from '#domain/encryption-key.ts';
import { takeIntoCustody } from './custody.ts';
import type { AgentPorts } from './ports.ts';
import { withServer } from './server-connection.ts';
import { isMade, newestOf } from './agent-key.ts';
import { readPolicy } from './policy/kept-policy.ts';

const DAY_OF_IDENTITY_MS = 24 * 60 * 60 * 1000;

export interface FileIdentity {
  readonly keyId: string;
  readonly claim: Uint8Array;
  readonly recipient: string;
}

/**
 * The current identity; a new one is made and taken into custody where there is none, it is too old, or `renew` is set.
 *
 * @param wanted its algorithm, where a person named one; else as the policy says.
 */
export async function currentFileIdentity(
  ports: AgentPorts,
  wanted: AgeAlgorithm | undefined,
  renew: boolean,
): Promise<FileIdentity> {
  const { server } = ports.state.requireMembership();
  const { fileAlgorithm, fileIdentityDays } = readPolicy(ports.state).settings;
  const algorithm = wanted ?? fileAlgorithm;
  const made = ports.state
    .keys()
    .filter(isMade)
    .filter(
      ({ kind, record }) => kind === 'file' && record.algorithm === algorithm && record.origin === server.id,
    );
  const newest = newestOf(made);
  if (
    newest !== undefined &&
    !renew &&
    isCurrent(newest.record, ports.clock(), fileIdentityDays * DAY_OF_IDENTITY_MS)
  ) {
    return {
      keyId: newest.id,
      claim: claimFromText(newest.claim),
      recipient: await recipientOf(newest.material),
    };
  }
  const { identity, recipient } = await makeAgeIdentity(algorithm);
  const { key, claim } = await withServer(ports, (calls) =>
    takeIntoCustody(
      ports,
      calls,
      { kind: 'file', locator: {}, algorithm, replaces: newest?.id ?? null },
      identity,
    ),
  );
  return { keyId: key.key.id, claim, recipient };
}

/** A clock that was set back makes a new identity rather than keep an old one for ever. */
function isCurrent(record: EncryptionKey, now: number, forMs: number): boolean {
  const age = now - Date.parse(record.createdAt);
  return age >= -forMs && age < forMs;
}
