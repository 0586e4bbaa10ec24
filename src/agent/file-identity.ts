/**
 * The device's file identity: the age recipient to which its files are encrypted. A new one, with a new claim, every 30
 * days and on command, so that one file gives access to that period's files at most.
 */
import { makeAgeIdentity, recipientOf } from '#crypto/age-identity.ts';
import type { AgeAlgorithm } from '#domain/age-algorithm.ts';
import { claimFromText } from '#domain/claim.ts';
import type { EncryptionKey } from '#domain/encryption-key.ts';
import { FILE_IDENTITY_MS } from '#domain/limits.ts';
import { takeIntoCustody } from './custody.ts';
import type { AgentPorts } from './ports.ts';
import { withServer } from './server-connection.ts';
import { isMade, newestOf } from './agent-key.ts';

export interface FileIdentity {
  readonly keyId: string;
  readonly claim: Uint8Array;
  readonly recipient: string;
}

/** The current identity; a new one is made and taken into custody where there is none, it is too old, or `renew` is set. */
export async function currentFileIdentity(
  ports: AgentPorts,
  algorithm: AgeAlgorithm,
  renew: boolean,
): Promise<FileIdentity> {
  const { server } = ports.state.requireMembership();
  const made = ports.state
    .keys()
    .filter(isMade)
    .filter(
      ({ kind, record }) => kind === 'file' && record.algorithm === algorithm && record.origin === server.id,
    );
  const newest = newestOf(made);
  if (newest !== undefined && !renew && isCurrent(newest.record, ports.clock())) {
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
function isCurrent(record: EncryptionKey, now: number): boolean {
  const age = now - Date.parse(record.createdAt);
  return age >= -FILE_IDENTITY_MS && age < FILE_IDENTITY_MS;
}
