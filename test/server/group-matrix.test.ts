/**
 * Groups of devices: every call about one, with the right it needs, with all others and with all, everywhere and limited
 * to a group, for every relation of a group to that limit, over the real gate, against a model written here once more.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { RIGHTS } from '#domain/right.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import type { Answered, Office } from '#test/support/approving-office.ts';
import { nameOf, openScopeOffice, type ScopeOffice } from '#test/support/scope-office.ts';

const inFolder = temporaryFolder('group-matrix');
let at: ScopeOffice;
let office: Office;
before(async () => {
  at = await openScopeOffice(inFolder('data'));
  ({ office } = at);
});

const SEE = 'Managed devices: Read';
const CHANGE = 'Managed devices: Write';
/** Of a group to the one that the caller's right is limited to. */
const RELATIONS = ['that group', 'below it', 'beside it', 'the root', 'gone'] as const;
type Relation = (typeof RELATIONS)[number];

interface Call {
  readonly needs: string;
  readonly ask: (who: string, group: string) => Promise<Answered>;
  /** For whom it is done: whoever has the right everywhere, and whoever has it for the group alone. */
  readonly everywhere: readonly Relation[];
  readonly limited: readonly Relation[];
}

const THERE = ['that group', 'below it', 'beside it', 'the root'] as const;
const INSIDE = ['that group', 'below it'] as const;
const name = (): string => `Group ${randomUUID()}`;

const CALLS: Readonly<Record<string, Call>> = {
  showGroup: {
    needs: SEE,
    ask: (who, group) => office.ask(who, `GET /groups/${group}`),
    everywhere: THERE,
    limited: INSIDE,
  },
  showPolicy: {
    needs: SEE,
    ask: (who, group) => office.ask(who, `GET /groups/${group}/policy`),
    everywhere: THERE,
    limited: INSIDE,
  },
  previewPolicy: {
    needs: CHANGE,
    ask: (who, group) => office.ask(who, `POST /groups/${group}/policy/preview`, { policy: {} }),
    everywhere: THERE,
    limited: INSIDE,
  },
  setPolicy: {
    needs: CHANGE,
    ask: (who, group) => office.ask(who, `PUT /groups/${group}/policy`, { policy: {} }),
    everywhere: THERE,
    limited: INSIDE,
  },
  addGroup: {
    needs: CHANGE,
    ask: (who, above) => office.ask(who, 'POST /groups', { name: name(), above }),
    everywhere: THERE,
    limited: INSIDE,
  },
  // The first group of a limit stays as it is, and the root always.
  'setGroup to another name': {
    needs: CHANGE,
    ask: (who, group) => office.ask(who, `PATCH /groups/${group}`, { name: name() }),
    everywhere: ['that group', 'below it', 'beside it'],
    limited: ['below it'],
  },
  removeGroup: {
    needs: CHANGE,
    ask: (who, group) => office.ask(who, `DELETE /groups/${group}`),
    // Somebody is limited to that group, or something stands in it.
    everywhere: ['below it', 'beside it'],
    limited: ['below it'],
  },
  'inviteDevice into a group': {
    needs: CHANGE,
    ask: (who, group) => office.ask(who, 'POST /devices/invitations', { group }),
    everywhere: THERE,
    limited: INSIDE,
  },
  'setDevice into a group': {
    needs: CHANGE,
    ask: async (who, group) => {
      const { device } = await at.stand('own');
      // From where the caller may move it.
      await office.server.call('setDevice', { id: device, group: stands });
      return office.ask(who, `PATCH /devices/${device}`, { group });
    },
    everywhere: THERE,
    limited: INSIDE,
  },
};
/** The group of the case that is tried. */
let stands = '';

for (const [call, { needs, ask, everywhere, limited }] of Object.entries(CALLS)) {
  test(`${call} is done by whom the model says, for groups inside and outside of their limit`, async () => {
    const expected: Record<string, string> = {};
    const answered: Record<string, string> = {};
    const add = async (above?: string): Promise<string> =>
      (await office.server.call('addGroup', { name: name(), ...(above === undefined ? {} : { above }) }))
        .group.id;
    for (const held of ['that right', 'all rights', 'all others'] as const)
      for (const holder of ['everywhere', 'limited'] as const)
        for (const relation of RELATIONS) {
          stands = await add();
          const group = {
            'that group': async () => stands,
            'below it': () => add(stands),
            'beside it': () => add(),
            'the root': async () => 'root',
            gone: async () => randomUUID(),
          }[relation];
          const who = await office.add(
            `${relation} ${randomUUID()}`,
            RIGHTS.filter(
              (right) => held === 'all rights' || (nameOf(right) === needs) === (held === 'that right'),
            ),
          );
          // Somebody is limited to the group in any case.
          await at.limit(holder === 'limited' ? who : await office.add(name(), []), [stands]);
          const { status, code } = await ask(who, await group());
          const label = `${held} ${holder}, ${relation}`;
          const may = held !== 'all others' && { everywhere, limited }[holder].includes(relation);
          expected[label] = may ? 'done' : 'refused';
          answered[label] = status === 200 ? 'done' : status < 500 ? 'refused' : `${status} ${code}`;
          await office.remove(who);
        }
    assert.deepEqual(answered, expected);
  });
}

test('listGroups has the groups of the caller’s limit, and no other', async () => {
  const lyon = (await office.server.call('addGroup', { name: name() })).group.id;
  const floor = (await office.server.call('addGroup', { name: name(), above: lyon })).group.id;
  const who = await office.add('Marc', RIGHTS);
  await at.limit(who, [lyon]);
  const { body } = await office.ask(who, 'GET /groups');
  const ids = (body['groups'] as { id: string }[]).map(({ id }) => id);
  assert.deepEqual(ids, [lyon, floor]);
});
