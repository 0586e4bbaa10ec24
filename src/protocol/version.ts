/**
 * The protocol version that every message carries in a header. Neighbours one release apart work together; a wider gap
 * is refused, and the refusal says which side to upgrade.
 */
import { KeystairError } from '#domain/errors.ts';

export const PROTOCOL_VERSION = 1;
export const PROTOCOL_HEADER = 'keystair-protocol';
/** The program's version, for people. */
export const PROGRAM_VERSION = '0.1.0';

/** Throws `protocol-version` unless the peer's version is at most one away from ours. */
export function checkProtocolVersion(header: string | string[] | undefined, peer: 'caller' | 'server'): void {
  const theirs = typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
  if (theirs === undefined) {
    throw new KeystairError('protocol-version', `the ${peer} did not say its protocol version`, {
      nextStep: 'check that it is a Keystair server or agent',
    });
  }
  if (Math.abs(theirs - PROTOCOL_VERSION) <= 1) return;
  const upgrade = theirs > PROTOCOL_VERSION ? 'this side' : `the ${peer}`;
  throw new KeystairError(
    'protocol-version',
    `the ${peer} uses protocol version ${theirs} and this side ${PROTOCOL_VERSION}, more than one release apart`,
    { nextStep: `upgrade ${upgrade}` },
  );
}
