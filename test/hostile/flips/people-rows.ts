/**
 * A row of each kind that people leave in a database: who they are, how they come in, what they asked for and who is to
 * be told; and what must come of their ways in, whatever a bit does.
 */
import { randomUUID } from 'node:crypto';
import { ROOT_GROUP } from '#domain/group.ts';
import type { PersonRow } from '#domain/person.ts';
import { read, type RequiredRight, RIGHTS } from '#domain/right.ts';
import { FIRST_ROLE } from '#domain/role.ts';
import { putGroup } from '#server/groups/group-rows.ts';
import { putPolicy } from '#server/groups/policy-rows.ts';
import { putMade, requestMac } from '#server/http/people/repetition-rows.ts';
import { hashApiKey } from '#server/people/known-people.ts';
import { NO_CREDENTIALS, putCredentials } from '#server/people/credentials.ts';
import { putIdentity } from '#server/people/identity-rows.ts';
import { addPersonRow } from '#server/people/person-rows.ts';
import { addRoleRow } from '#server/people/role-rows.ts';
import { beginSession, endSessionRow } from '#server/people/sessions.ts';
import { makeSetUpLink } from '#server/people/set-up-links.ts';
import type { Repository } from '#server/start/create-repository.ts';
import type { Store } from '#store/store.ts';
import { clock, random } from '../ports.ts';

/** What comes in, and with which rights. */
export interface Ways {
  readonly session: string;
  /** Of a session that was ended. */
  readonly endedSession: string;
  readonly apiKey: string;
  readonly rights: readonly RequiredRight[];
}

const RIGHTS_GIVEN = [read('Key register'), read('Audit log')];
const AT = '2026-02-01T00:00:00.000Z';

export async function makePeople(ports: Repository & { readonly store: Store }): Promise<Ways> {
  const { rows } = ports;
  const service = { owner: null, key: hashApiKey('ksk_program'), expiresAt: null, knownAt: AT };
  const [manager, reader, program, provided] = [
    personOf('Manager', [FIRST_ROLE]),
    personOf('Reader', ['Reading']),
    { ...personOf('Program', ['Reading']), service },
    {
      ...personOf('Provided', ['Reading']),
      identity: { provider: 'office', issuer: 'https://login.example', subject: 'x' },
    },
  ] as const;
  return ports.store.write(async (transaction) => {
    await addRoleRow(rows, transaction, { name: 'Reading', rights: RIGHTS_GIVEN });
    for (const person of [manager, reader, program, provided]) await addPersonRow(rows, transaction, person);
    await putIdentity(rows, transaction, provided.identity, provided.id);
    await putCredentials(rows, transaction, reader.id, { ...NO_CREDENTIALS, lastStep: 1 });
    await rows.put(transaction, 'passkey', 'of-the-reader', { person: reader.id });
    await makeSetUpLink({ rows, clock, random }, transaction, manager, 'https://console.example');
    const origin = { address: '192.0.2.7', agent: 'a browser' };
    const open = await beginSession({ rows, clock, random }, transaction, reader, origin);
    const ended = await beginSession({ rows, clock, random }, transaction, manager, origin);
    await endSessionRow(rows, transaction, ended.session);
    const request = requestMac(ports, 'addDevice', { name: 'laptop' });
    await putMade({ ...ports, clock }, transaction, program, 'sent-twice', { request, answer: { id: 'x' } });
    await rows.put(transaction, 'setting', 'approval-rules', { rules: { 'keys.export': 1 } });
    for (const [kind, state] of [
      ['approval', 'waiting'],
      ['approval-history', 'denied'],
    ] as const) {
      const request = requestOf(reader, state);
      await rows.put(transaction, kind, request.id, request);
    }
    await rows.put(transaction, 'emergency', randomUUID(), {
      act: 'keys.export',
      by: 'local administrator',
      reason: 'nobody was there',
      at: AT,
    });
    await rows.put(transaction, 'notice', randomUUID(), {
      receiver: 'mail, a@example.org',
      notice: {},
      tries: 0,
      at: 0,
    });
    await rows.put(transaction, 'job', randomUUID(), {
      operation: 'verify',
      owner: reader.id,
      startedAt: AT,
    });
    await putGroup(rows, transaction, { id: randomUUID(), name: 'Lyon', above: ROOT_GROUP });
    await putPolicy(rows, transaction, ROOT_GROUP, { document: { fixedDrives: 'require' }, number: 1 });
    await rows.put(transaction, 'rotation', randomUUID(), { revealedAt: AT, by: 'Kari' });
    await rows.put(transaction, 'recovery', randomUUID(), { allowedAt: AT, expiresAt: AT, knownAt: AT });
    await rows.put(transaction, 'audit-cursor', 'file', { line: 1 });
    return { session: open.token, endedSession: ended.token, apiKey: 'ksk_program', rights: RIGHTS_GIVEN };
  });
}

function personOf(name: string, roles: readonly string[]): PersonRow {
  return { id: randomUUID(), name, roles, createdAt: AT, generation: 1, service: null, identity: null };
}

function requestOf({ id, name }: PersonRow, state: 'waiting' | 'denied') {
  return {
    id: randomUUID(),
    act: 'keys.export',
    operation: 'startExport',
    parameters: '{}',
    meaning: { ids: {}, keys: 1, upTo: 1 },
    approvers: 1,
    by: { id, name },
    owner: null,
    reason: null,
    createdAt: AT,
    expiresAt: '2999-01-01T00:00:00.000Z',
    knownAt: AT,
    epoch: '',
    state,
    endedAt: null,
    approvedBy: [],
    deniedBy: null,
    emergency: null,
  };
}

/** Whether these are exactly the rights that are wanted, or fewer: never another. */
export function isWithin(rights: readonly RequiredRight[], wanted: readonly RequiredRight[]): boolean {
  const has = (list: readonly RequiredRight[], one: RequiredRight): boolean =>
    list.some(({ area, right }) => area === one.area && right === one.right);
  return RIGHTS.every((one) => !has(rights, one) || has(wanted, one));
}
