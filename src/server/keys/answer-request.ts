/**
 * Answers a device that has no connection: an administrator brings its request, and takes the key back sealed to the
 * recipient that the device made for this request. The claim must fit, as in every lookup, and the administrator must
 * have the right to reveal keys.
 *
 * Invariant: the audit event is durable before the answer leaves. A device gets what it would get over a connection: a
 * drive's key, or one file's key; never a recovery password.
 */
import { sealKeyAnswer } from '#crypto/key-answer.ts';
import { sealSpokenAnswer } from '#crypto/spoken-answer.ts';
import { unwrapFileKey } from '#crypto/age-identity.ts';
import { claimFromText } from '#domain/claim.ts';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import { cannotOpen } from '#domain/file-damaged.ts';
import { keyRequestInvalid, requestCode } from '#domain/key-request.ts';
import { LOOKUP_DEADLINE_MS_DEFAULT } from '#domain/limits.ts';
import { keyUnavailable, type LookupRefusal } from '#domain/lookup.ts';
import { type Caller, write } from '#domain/right.ts';
import { scopeOf } from '#domain/scope.ts';
import type { ServerName } from '#domain/server-name.ts';
import { step } from '#domain/step.ts';
import type { KeyAnswer } from '#protocol/key-answer.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import { SPOKEN_RECIPIENT } from '#protocol/people/key-request.ts';
import { pointOfRecipient } from '#protocol/spoken-request.ts';
import { keyToWire } from '#protocol/wire-key.ts';
import type { z } from 'zod';
import type { Refusals } from '../audit/refusals.ts';
import { readMember } from '../members/members.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { findKey } from './list-keys.ts';
import type { Lookups } from './lookup.ts';

export interface AnswerPorts
  extends Pick<ServerPorts, 'audit' | 'clock' | 'random' | 'rows' | 'server' | 'store'> {
  readonly lookups: Lookups;
  readonly refusals: Pick<Refusals, 'note'>;
}

type Asked = z.output<PeopleRoutes['answerKeyRequest']['request']>;

/** Throws `key-unavailable`, `key-request-invalid`, `not-found`, `not-a-member`, `not-allowed`, `file-damaged`. */
export async function answerKeyRequest(
  ports: AnswerPorts,
  caller: Caller,
  asked: Asked,
): Promise<PeopleAnswer<'answerKeyRequest'>> {
  const { id, claim, recipient, request, reason } = asked;
  const scope = scopeOf(caller, write('Key reveal'));
  // Whoever is limited to groups answers for keys of their devices, which are here.
  if (scope !== 'everywhere') await findKey(ports, scope, id);
  const known = await knownName(ports, asked.device);
  const device = { ...asked.device, name: known ?? asked.device.name };
  const outcome = await ports.lookups.find({
    id,
    claim: claimFromText(claim),
    asked: [],
    deadline: ports.clock() + LOOKUP_DEADLINE_MS_DEFAULT,
  });
  if (outcome.outcome === 'not-found') throw await refused(ports, caller, { id, device }, outcome);
  const content = await contentFor(asked, outcome.key, outcome.source);
  const answer = SPOKEN_RECIPIENT.test(recipient)
    ? spokenAnswer(recipient, outcome.key)
    : await sealKeyAnswer({ recipient, request }, Buffer.from(JSON.stringify(content)), ports.random);
  await ports.audit.record({
    event: 'key-answered',
    by: caller.name,
    key: id,
    request,
    device: device.id,
    to: device.name,
    code: requestCode({ id: request, key: id, recipient }),
    as: content.opens === 'drive' ? 'key' : 'file-key',
    source: outcome.source.id,
    reason,
  });
  return { answer, ...(known === undefined ? {} : { device: known }) };
}

/** Only a drive's key is short enough. */
function spokenAnswer(recipient: string, { key, material }: CompleteKey): string {
  const { luksUuid } = key.locator;
  if (key.kind !== 'volume' || luksUuid === undefined)
    throw keyRequestInvalid('only the key of a drive can be read out', 'have the request sent as a file');
  const drive = { key: key.id, luksUuid, algorithm: key.algorithm };
  return sealSpokenAnswer(pointOfRecipient(recipient), drive, material);
}

/**
 * The name of a device of this server. Nobody proved who asks; but what says that it is a device that was removed here, as a
 * stolen one is, gets nothing.
 */
async function knownName({ rows, store }: AnswerPorts, device: ServerName): Promise<string | undefined> {
  const member = await readMember(rows, store.reader, device.id);
  if (member === undefined || member.removedAt === null) return member?.name;
  throw new KeystairError(
    'not-a-member',
    `the device ${member.name}, which asks, was removed from this server`,
    {
      nextStep: 'find out who has it; if it is still yours, enrol it again and let it ask once more',
      details: { device: device.id },
    },
  );
}

async function refused(
  { refusals }: AnswerPorts,
  caller: Caller,
  { id, device }: Pick<Asked, 'device' | 'id'>,
  refusal: LookupRefusal,
): Promise<KeystairError> {
  const { reason } = refusal;
  await refusals.note(caller.name, reason, {
    event: 'lookup-refused',
    by: caller.name,
    key: id,
    to: device.name,
    reason,
  });
  return keyUnavailable(id, refusal);
}

async function contentFor(
  { id, stanzas }: Asked,
  { key, material, blind }: CompleteKey,
  source: ServerName,
): Promise<KeyAnswer> {
  if (key.kind === 'recovery') {
    throw new KeystairError('not-allowed', 'a device does not receive a recovery password', {
      nextStep: step('reveal-key'),
    });
  }
  if ((key.kind === 'file') !== (stanzas !== undefined))
    throw keyRequestInvalid(`key ${id} is a ${key.kind} key, and the request is for something else`);
  if (stanzas === undefined) return { opens: 'drive', complete: keyToWire({ key, material, blind }), source };
  const fileKey = await unwrapFileKey(
    material,
    stanzas.map(({ args, body }) => ({ args, body: Buffer.from(body, 'base64') })),
  );
  if (fileKey === null) throw cannotOpen(id);
  try {
    return { opens: 'file', key: id, fileKey: Buffer.from(fileKey).toString('base64'), source };
  } finally {
    fileKey.fill(0);
  }
}
