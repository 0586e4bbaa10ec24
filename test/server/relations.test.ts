/**
 * What belongs to somebody: every call about it, by every role, about one's own, another's and what is not there, over
 * the real gate and the real operations, compared with a model that is written once more.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { type RequiredRight, RIGHTS } from '#domain/right.ts';
import { BUILT_IN_ROLES } from '#domain/role.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { type Office, openOffice, OWNER } from '#test/support/approving-office.ts';
import { makeSomeKey } from '#test/support/some-key.ts';

const inFolder = temporaryFolder('relations');
let office: Office;
let recipient: string;
let key: string;

const ROLES: readonly { readonly name: string; readonly rights: readonly RequiredRight[] }[] = [
  ...BUILT_IN_ROLES,
  { name: 'everything', rights: RIGHTS },
  { name: 'nothing', rights: [] },
];
const RELATIONS = ['own', 'another’s', 'absent'] as const;
type Relation = (typeof RELATIONS)[number];

before(async () => {
  office = await openOffice(inFolder('data'));
  const made = makeSomeKey();
  await office.server.record(made);
  key = made.key.id;
  const status = await office.ask(OWNER, 'GET /server');
  recipient = (status.body['recipients'] as string[]).at(-1)!;
  // Those who could answer, so that a rule may stand.
  for (const name of ['Per', 'Kari']) await office.add(name, RIGHTS);
  const set = await office.ask(OWNER, 'PUT /approval-rules', { act: 'keys.reveal', approvers: 1 });
  assert.equal(set.status, 200, JSON.stringify(set.body));
});

/** Makes one that belongs to that person, who may do everything while they do. @returns its id. */
type Make = (who: string) => Promise<string>;

const job: Make = async (who) => {
  const { body } = await office.ask(who, 'POST /server/verify', {}, { prefer: 'respond-async' });
  return (body['job'] as { id: string }).id;
};
const anExport: Make = async (who) =>
  (await office.ask(who, 'POST /keys/exports', { recipient })).body['id'] as string;
const anImport: Make = async (who) => (await office.ask(who, 'POST /keys/imports', {})).body['id'] as string;
/** Its password is stretched, which takes a second: one that nobody else may fetch serves all who try. */
let theirBackup: Promise<string> | undefined;
const aBackup: Make = async (who) => {
  const start = async (by: string): Promise<string> =>
    (await office.ask(by, 'POST /server/backups', { password: 'plum-river-candle-9-otter' })).body[
      'id'
    ] as string;
  if (who !== OWNER) return start(who);
  return (theirBackup ??= start(OWNER));
};
/** The person is their own thing. */
const themselves: Make = async (who) => who;
const request: Make = async (who) => {
  const { body } = await office.ask(who, `POST /keys/${key}/reveal`, { reason: `for ${randomUUID()}` });
  return (body['details'] as { approval: string }).approval;
};

interface Row {
  readonly call: keyof typeof PEOPLE_ROUTES;
  readonly line: (id: string) => string;
  readonly body?: object;
  readonly make: Make;
  /** The code of an answer that shows, by what it finds wrong, that the call was reached. */
  readonly reached?: string;
  /** Those of others are all of the owner of the data directory. */
  readonly ofOwner?: true;
  /** Who may: by the rights that they have, as `AREA: RIGHT`, and whose it is. */
  readonly may: (has: (right: string) => boolean, relation: Relation) => boolean;
}

const EXPORT = 'Encryption key management: Read';
const IMPORT = 'Encryption key management: Write';
const own = (relation: Relation): boolean => relation === 'own';

const ROWS: readonly Row[] = [
  {
    call: 'showJob',
    line: (id) => `GET /jobs/${id}`,
    make: job,
    may: (has, relation) => own(relation) || (relation === 'another’s' && has('Administration Server: Read')),
  },
  { call: 'cancelJob', line: (id) => `DELETE /jobs/${id}`, make: job, may: (_, relation) => own(relation) },
  {
    call: 'downloadExport',
    line: (id) => `GET /keys/exports/${id}`,
    make: anExport,
    may: (has, relation) => own(relation) && has(EXPORT),
  },
  {
    call: 'cancelImport',
    line: (id) => `DELETE /keys/imports/${id}`,
    make: anImport,
    may: (has, relation) => own(relation) && has(IMPORT),
  },
  {
    call: 'uploadImport',
    line: (id) => `PUT /keys/imports/${id}/file`,
    body: {},
    make: anImport,
    reached: 'export-unreadable',
    may: (has, relation) => own(relation) && has(IMPORT),
  },
  {
    call: 'confirmImport',
    line: (id) => `POST /keys/imports/${id}/confirm`,
    body: {},
    make: anImport,
    reached: 'invalid-argument',
    may: (has, relation) => own(relation) && has(IMPORT),
  },
  {
    call: 'downloadBackup',
    line: (id) => `GET /server/backups/${id}`,
    make: aBackup,
    ofOwner: true,
    may: (has, relation) => own(relation) && has('Administration Server: Write') && has(EXPORT),
  },
  {
    call: 'showPerson',
    line: (id) => `GET /people/${id}`,
    make: themselves,
    may: (has, relation) => relation !== 'absent' && has('People: Read'),
  },
  {
    call: 'setPerson',
    line: (id) => `PATCH /people/${id}`,
    body: { roles: [] },
    make: themselves,
    may: (has, relation) => relation !== 'absent' && has('People: Write'),
  },
  {
    call: 'removePerson',
    line: (id) => `DELETE /people/${id}`,
    make: themselves,
    may: (has, relation) => relation !== 'absent' && has('People: Write'),
  },
  {
    call: 'showApproval',
    line: (id) => `GET /approvals/${id}`,
    make: request,
    may: (has, relation) => own(relation) || (relation === 'another’s' && has('Approvals: Read')),
  },
  {
    call: 'withdrawRequest',
    line: (id) => `POST /approvals/${id}/withdraw`,
    body: {},
    make: request,
    may: (_, relation) => own(relation),
  },
  {
    call: 'approveRequest',
    line: (id) => `POST /approvals/${id}/approve`,
    body: {},
    make: request,
    may: (has, relation) => relation === 'another’s' && has('Approvals: Write'),
  },
  {
    call: 'denyRequest',
    line: (id) => `POST /approvals/${id}/deny`,
    body: { reason: 'no' },
    make: request,
    may: (has, relation) => relation === 'another’s' && has('Approvals: Write'),
  },
  {
    call: 'approveInEmergency',
    line: (id) => `POST /approvals/${id}/emergency`,
    body: { reason: 'nobody is there' },
    make: request,
    // Nobody over the network, and no role of theirs: only the owner of the data directory.
    may: () => false,
  },
];

for (const { call, line, body, make, may, reached, ofOwner } of ROWS) {
  test(`${call} is done by whom the model says, role by role, for one’s own, another’s and what is not there`, async () => {
    const expected: Record<string, string> = {};
    const answered: Record<string, string> = {};
    for (const { name, rights } of ROLES) {
      const held = new Set(rights.map(({ area, right }) => `${area}: ${right}`));
      for (const relation of RELATIONS) {
        const me = await office.add(`${name} ${randomUUID()}`, RIGHTS);
        const other = relation === 'another’s' ? await office.add(`other ${randomUUID()}`, RIGHTS) : me;
        const whose = ofOwner === true && relation === 'another’s' ? OWNER : other;
        const id = relation === 'absent' ? randomUUID() : await make(whose);
        await office.change(me, { rights });
        const { status, code } = await office.ask(me, line(id), body);
        const place = `${name}, ${relation}`;
        expected[place] = may((right) => held.has(right), relation) ? 'done' : 'refused';
        answered[place] =
          status === 200 || (reached !== undefined && code === reached)
            ? 'done'
            : status < 500
              ? 'refused'
              : `${status} ${code}`;
        await office.remove(me);
        if (other !== me) await office.remove(other);
      }
    }
    assert.deepEqual(answered, expected);
  });
}

/** Calls with a place for an id that are about nobody's own: where each is tried instead, or what makes it everybody's. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ...ofTest(
    'scope-matrix',
    'showKey',
    'explainKey',
    'revealKey',
    'answerKeyRequest',
    'showDevice',
    'removeDevice',
    'setDevice',
  ),
  ...ofTest(
    'group-matrix',
    'showGroup',
    'setGroup',
    'removeGroup',
    'showPolicy',
    'previewPolicy',
    'setPolicy',
  ),
  ...ofTest('jobs', 'watchJob'),
  ...ofTest('people/giving', 'endMySession', 'endSession'),
  ...ofTest('people/passkeys', 'removePasskey'),
  ...ofTest('people/giving', 'resetPerson'),
  ...ofTest('approval-rules', 'acknowledgeEmergency'),
  // Of the server itself: whoever has the right, has it for all of them.
  ...ofTest('rights-matrix', 'removeSeal', 'setServer', 'removeServer', 'allowRecovery', 'noteBackupCheck'),
  ...ofTest('rights-matrix', 'auditProof', 'acknowledgeAuditGap', 'showRole', 'setRole', 'removeRole'),
};

function ofTest(name: string, ...calls: readonly string[]): Record<string, string> {
  return Object.fromEntries(calls.map((call) => [call, name]));
}

test('every call about one thing is tried with whose it is, here or in the matrix of its kind', () => {
  const here = new Set<string>(ROWS.map(({ call }) => call));
  const withId = Object.entries(PEOPLE_ROUTES).filter(([, { path }]) => path.includes('{'));
  assert.deepEqual(
    withId
      .map(([call]) => call)
      .filter((call) => !here.has(call))
      .toSorted(),
    Object.keys(ELSEWHERE).toSorted(),
  );
  for (const [call, name] of Object.entries(ELSEWHERE)) {
    const file = join(import.meta.dirname, `${name}.test.ts`);
    const [noun] = PEOPLE_ROUTES[call as keyof typeof PEOPLE_ROUTES].path.split('/').slice(1);
    const text = readFileSync(file, 'utf8');
    assert.ok(
      name === 'rights-matrix' || text.includes(call) || text.includes(`/${noun}/`),
      `${name}: ${call}`,
    );
  }
});

const FILES: ReadonlySet<string> = new Set([
  'downloadExport',
  'downloadBackup',
  'uploadImport',
  'confirmImport',
  'cancelImport',
]);

test('who may not see that another’s is there hears the words of what is not there', async () => {
  const [me, other] = [await office.add('Me', RIGHTS), await office.add('Other', RIGHTS)];
  // A file in transfer is its starter’s alone, whatever rights another has; the rest is seen with a right.
  const rightsFor = (call: string): readonly RequiredRight[] => (FILES.has(call) ? RIGHTS : []);
  for (const { call, line, body, make } of ROWS) {
    if (PEOPLE_ROUTES[call].rights.length > 0 && rightsFor(call).length === 0) continue;
    const theirs = await make(other);
    await office.change(me, { rights: rightsFor(call) });
    const words = async (id: string): Promise<string> => {
      const { status, body: said } = await office.ask(me, line(id), body);
      return JSON.stringify([status, said]).replaceAll(id, 'ID');
    };
    assert.equal(await words(theirs), await words(randomUUID()), call);
  }
});
