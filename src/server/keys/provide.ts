/**
 * Provides a key to a secondary or a device that asked with its claim. Invariant: the audit event is durable before
 * material leaves, and the caller's right is checked once more: the link to a secondary each time, after the event; a
 * device's membership if the answer had to be waited for.
 */
import { claimFromText } from '#domain/claim.ts';
import type { EncryptionKey } from '#domain/encryption-key.ts';
import { LOOKUP_DEADLINE_MS_DEFAULT } from '#domain/limits.ts';
import type { LookupOutcome } from '#domain/lookup.ts';
import type { Member } from '#domain/member.ts';
import type { AnswerOf, RequestOf } from '#protocol/machine-routes.ts';
import { keyToWire } from '#protocol/wire-key.ts';
import { unwrapFileKey } from '#crypto/age-identity.ts';
import { KeystairError } from '#domain/errors.ts';
import { cannotOpen } from '#domain/file-damaged.ts';
import { step } from '#domain/step.ts';
import type { Provisions } from '../audit/provisions.ts';
import type { Refusals } from '../audit/refusals.ts';
import type { HierarchyPorts } from '../hierarchy/ports.ts';
import { judgeSecondary, type Refused } from '../hierarchy/secondaries/judge-secondary.ts';
import type { Lookups } from './lookup.ts';

export interface ProvidePorts
  extends Pick<
    HierarchyPorts,
    'clock' | 'reported' | 'hierarchyChanged' | 'rows' | 'server' | 'store' | 'treeChanged'
  > {
  readonly lookups: Lookups;
  readonly refusals: Refusals;
  readonly provisions: Provisions;
}

/** As a message carries it, with a list of its own. */
function refusalToWire(refused: Refused) {
  return { ...refused, asked: [...refused.asked] };
}

// --- to a secondary ---

export async function provideToSecondary(
  ports: ProvidePorts,
  member: Member,
  readAgain: () => Promise<Member>,
  request: RequestOf<'lookup'>,
): Promise<AnswerOf<'lookup'>> {
  const closed = await judgeSecondary(ports, member, request.asked);
  if (closed !== undefined) return refuse(ports, member, request.id, closed);
  const outcome = await ports.lookups.find({
    id: request.id,
    claim: claimFromText(request.claim),
    asked: request.asked,
    deadline: ports.clock() + request.remainingMs,
  });
  if (outcome.outcome === 'not-found') return refuse(ports, member, request.id, outcome);
  await ports.provisions.note({
    by: `secondary:${member.id}`,
    key: request.id,
    to: member.name,
    as: 'key',
    source: outcome.source.id,
  });
  const closedSince = await judgeSecondary(ports, await readAgain(), request.asked);
  if (closedSince !== undefined) return refuse(ports, member, request.id, closedSince);
  return { outcome: 'found', complete: keyToWire(outcome.key), source: outcome.source };
}

async function refuse(ports: ProvidePorts, member: Member, key: string, refused: Refused) {
  await ports.refusals.note(`${member.kind}:${member.id}`, refused.reason, {
    event: 'lookup-refused',
    by: `${member.kind}:${member.id}`,
    key,
    to: member.name,
    reason: refused.reason,
  });
  return refusalToWire(refused);
}

// --- to a device ---

/** Throws `not-a-member` if the device was removed while servers above were asked, which takes seconds. */
async function findForDevice(
  ports: ProvidePorts,
  readAgain: () => Promise<Member>,
  request: { readonly id: string; readonly claim: string },
): Promise<LookupOutcome> {
  const outcome = await ports.lookups.find({
    id: request.id,
    claim: claimFromText(request.claim),
    asked: [],
    deadline: ports.clock() + LOOKUP_DEADLINE_MS_DEFAULT,
  });
  if (outcome.outcome === 'found' && outcome.source.id !== ports.server.id) await readAgain();
  return outcome;
}

/** The whole key, to open a drive. Identities of files and recovery passwords stay on servers. */
export async function provideToDevice(
  ports: ProvidePorts,
  member: Member,
  readAgain: () => Promise<Member>,
  request: RequestOf<'deviceLookup'>,
): Promise<AnswerOf<'deviceLookup'>> {
  const outcome = await findForDevice(ports, readAgain, request);
  if (outcome.outcome === 'not-found') return refuse(ports, member, request.id, outcome);
  const { key } = outcome.key;
  requireForDrive(key);
  await ports.provisions.note({
    by: `device:${member.id}`,
    key: key.id,
    to: member.name,
    as: 'key',
    source: outcome.source.id,
  });
  return { outcome: 'found', complete: keyToWire(outcome.key), source: outcome.source };
}

/** Throws `not-allowed` unless the key is one that opens a drive. */
function requireForDrive({ kind }: EncryptionKey): void {
  if (kind === 'volume') return;
  throw new KeystairError('not-allowed', `a device does not receive the material of a ${kind} key`, {
    nextStep:
      kind === 'file' ? 'let the agent open the file: the server unwraps its key' : step('reveal-key'),
  });
}

/** One file's key: the server unwraps the stanzas, the identity never leaves it. */
export async function unwrapForDevice(
  ports: ProvidePorts,
  member: Member,
  readAgain: () => Promise<Member>,
  request: RequestOf<'unwrap'>,
): Promise<AnswerOf<'unwrap'>> {
  const outcome = await findForDevice(ports, readAgain, request);
  if (outcome.outcome === 'not-found') return refuse(ports, member, request.id, outcome);
  const { key, material } = outcome.key;
  if (key.kind !== 'file') {
    throw new KeystairError(
      'request-invalid',
      `key ${key.id} is a ${key.kind} key, which does not open files`,
      {
        nextStep: 'check that the header of the file was not altered',
      },
    );
  }
  const stanzas = request.stanzas.map(({ args, body }) => ({ args, body: Buffer.from(body, 'base64') }));
  const fileKey = await unwrapFileKey(material, stanzas);
  if (fileKey === null) {
    throw cannotOpen(key.id);
  }
  await ports.provisions.note({
    by: `device:${member.id}`,
    key: key.id,
    to: member.name,
    as: 'file-key',
    source: outcome.source.id,
  });
  return { outcome: 'found', fileKey: Buffer.from(fileKey).toString('base64'), source: outcome.source };
}
