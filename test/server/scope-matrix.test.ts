/**
 * Rights that are limited to groups of devices: every call that takes such a right, with every role and every relation
 * of a device to the scope, over the real gate, against a model that is written here once more.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import type { PeopleRoute } from '#protocol/people/people-route.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import type { Answered, Office } from '#test/support/approving-office.ts';
import {
  openScopeOffice,
  RELATIONS,
  type Relation,
  type ScopeOffice,
  type Stood,
} from '#test/support/scope-office.ts';

const RECIPIENT = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj';
const inFolder = temporaryFolder('scopes');

let at: ScopeOffice;
let office: Office;
before(async () => {
  at = await openScopeOffice(inFolder('data'));
  ({ office } = at);
});

/** The model: whether a device is there for whoever is limited to Lyon, and whether its keys are. */
const DEVICE_SEEN: readonly Relation[] = ['own', 'below it', 'gone to another server', 'on its way here'];
const KEYS_SEEN: readonly Relation[] = ['own', 'below it'];
/** For whoever is not limited. Keys of a device stay whatever becomes of it. */
const DEVICE_THERE = RELATIONS.filter((one) => one !== 'removed' && one !== 'nowhere');
const KEYS_THERE = RELATIONS.filter((one) => one !== 'nowhere');

const ids = (answered: Answered, field: string): string[] =>
  (answered.body[field] as { id: string }[]).map(({ id }) => id);

/** How each call is made with a device or its key, and whether the answer has it. */
interface Call {
  readonly needs: string;
  readonly about: 'device' | 'key';
  readonly has: (who: string, stood: Stood) => Promise<boolean | Answered>;
}

const isDone = (answered: Answered): boolean | Answered => (answered.status === 200 ? true : answered);
const CALLS: Readonly<Record<string, Call>> = {
  listKeys: {
    needs: 'Key register: Read',
    about: 'key',
    has: async (who, { key }) => ids(await office.ask(who, 'GET /keys?limit=1000'), 'keys').includes(key),
  },
  'listKeys of a text': {
    needs: 'Key register: Read',
    about: 'key',
    has: async (who, { key }) => ids(await office.ask(who, `GET /keys?find=${key}`), 'keys').length === 1,
  },
  'listKeys of a device': {
    needs: 'Key register: Read',
    about: 'key',
    has: async (who, { device, key }) => {
      const answered = await office.ask(who, `GET /keys?device=${device}`);
      return answered.status === 200 ? ids(answered, 'keys').includes(key) : answered;
    },
  },
  showKey: {
    needs: 'Key register: Read',
    about: 'key',
    has: async (who, { key }) => isDone(await office.ask(who, `GET /keys/${key}`)),
  },
  'showKey by a part of its id': {
    needs: 'Key register: Read',
    about: 'key',
    has: async (who, { key }) => isDone(await office.ask(who, `GET /keys/${key.slice(4)}`)),
  },
  explainKey: {
    needs: 'Key register: Read',
    about: 'key',
    has: async (who, { key }) => {
      const answered = await office.ask(who, `POST /keys/${key}/explain`, {});
      const path = answered.body['path'] as { has: boolean }[] | undefined;
      return path === undefined ? answered : path[0]!.has;
    },
  },
  revealKey: {
    needs: 'Key reveal: Write',
    about: 'key',
    has: async (who, { key }) => isDone(await office.ask(who, `POST /keys/${key}/reveal`, { reason: 'r' })),
  },
  answerKeyRequest: {
    needs: 'Key reveal: Write',
    about: 'key',
    // Whoever may ask for it at all is told that the claim does not fit.
    has: async (who, { key }) => {
      const answered = await office.ask(who, `POST /keys/${key}/answer`, {
        reason: 'r',
        request: randomUUID(),
        claim: 'AAAAAAAAAAAAAAAAAAAAAA',
        device: { id: randomUUID(), name: 'far away' },
        recipient: RECIPIENT,
      });
      const { reason } = (answered.body['details'] ?? {}) as { reason?: string };
      return reason === 'wrong-claim' ? true : answered;
    },
  },
  'startExport of a key': {
    needs: 'Encryption key management: Read',
    about: 'key',
    has: async (who, { key }) =>
      isDone(await office.ask(who, 'POST /keys/exports', { keys: [key], recipient: RECIPIENT })),
  },
  listDevices: {
    needs: 'Managed devices: Read',
    about: 'device',
    has: async (who, { device }) =>
      ids(await office.ask(who, 'GET /devices?limit=1000'), 'devices').includes(device),
  },
  'listDevices of a text': {
    needs: 'Managed devices: Read',
    about: 'device',
    has: async (who, { device }) =>
      ids(await office.ask(who, `GET /devices?find=${device}&order=last-heard`), 'devices').length === 1,
  },
  showDevice: {
    needs: 'Managed devices: Read',
    about: 'device',
    has: async (who, { device }) => isDone(await office.ask(who, `GET /devices/${device}`)),
  },
  setDevice: {
    needs: 'Managed devices: Write',
    about: 'device',
    has: async (who, { device }) =>
      isDone(await office.ask(who, `PATCH /devices/${device}`, { group: at.lyon })),
  },
  removeDevice: {
    needs: 'Managed devices: Write',
    about: 'device',
    has: async (who, { device }) => isDone(await office.ask(who, `DELETE /devices/${device}`)),
  },
};

/** What stands in an answer of this one thing alone. */
function without({ device, key }: Stood, { status, body }: Answered): string {
  return JSON.stringify([status, body])
    .replaceAll(device, 'ID')
    .replaceAll(key, 'ID')
    .replaceAll(key.slice(4), 'ID');
}

for (const [name, { needs, about, has }] of Object.entries(CALLS)) {
  test(`${name} has what its caller's right holds for, and all else is as if it were nowhere`, async () => {
    const expected: Record<string, boolean> = {};
    const found: Record<string, boolean> = {};
    for (const rights of ['all', needs])
      for (const holder of ['everywhere', 'for Lyon'] as const) {
        const who = await at.person(rights, holder);
        const seen =
          holder === 'everywhere'
            ? { device: DEVICE_THERE, key: KEYS_THERE }[about]
            : { device: DEVICE_SEEN, key: KEYS_SEEN }[about];
        const nowhere = await at.stand('nowhere');
        const unknown = await has(who, nowhere);
        for (const relation of RELATIONS) {
          const stood = await at.stand(relation);
          const answered = await has(who, stood);
          const label = `${relation}, ${rights} ${holder}`;
          expected[label] = seen.includes(relation);
          found[label] = answered === true;
          if (typeof answered === 'object' && typeof unknown === 'object' && holder === 'for Lyon')
            assert.equal(without(stood, answered), without(nowhere, unknown), label);
        }
      }
    assert.deepEqual(found, expected);
    const gone = await at.person(needs, 'for a group that is gone');
    const answered = await office.ask(gone, 'GET /keys');
    assert.equal(answered.code, 'not-allowed', 'a limit to a group that is gone gives nothing');
  });
}

test('every call without a limit needs its rights everywhere', async () => {
  const limitable = new Set(['Managed devices', 'Key register', 'Encryption key management', 'Key reveal']);
  const rows = Object.entries<PeopleRoute>(PEOPLE_ROUTES).filter(
    ([, { rights, limitable: itself }]) =>
      rights !== 'signed-in' && itself !== true && rights.some(({ area }) => limitable.has(area)),
  );
  assert.deepEqual(
    rows.map(([name]) => name).toSorted(),
    [
      'downloadBackup',
      'recoverFromPrimary',
      'startBackup',
      'takeRecoveries',
      'addSeal',
      'allowRecovery',
      'initRecovery',
    ].toSorted(),
  );
  const who = await at.person('all', 'for Lyon');
  for (const [line, body] of [
    ['POST /server/recovery', {}],
    ['POST /server/verify', { repair: true }],
    ['POST /server/backups', { password: 'x' }],
    ['POST /keys/recoveries', { recoveries: [{ kind: 'other', device: 'NAS', password: 'x' }] }],
  ] as const) {
    const { code, body: problem } = await office.ask(who, line, body);
    assert.equal(code, 'not-allowed', line);
    assert.equal((problem['details'] as { limited?: boolean }).limited, true);
  }
  assert.equal((await office.ask(who, 'GET /server')).status, 200, 'all other rights hold everywhere');
});
