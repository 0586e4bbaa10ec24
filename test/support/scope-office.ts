/** An office with three groups of devices, and people who are limited to some of them. */
import { randomUUID } from 'node:crypto';
import type { Member } from '#domain/member.ts';
import { type RequiredRight, RIGHTS } from '#domain/right.ts';
import { writeMember } from '#server/members/members.ts';
import { putPerson, readPerson } from '#server/people/person-rows.ts';
import { type Office, openOffice } from './approving-office.ts';
import { makeSomeKey } from './some-key.ts';
import { someDevice } from './some-member.ts';

const movedTo = { id: randomUUID(), name: 'Elsewhere' };

export interface Stood {
  readonly device: string;
  readonly key: string;
}

/** Where a device stands, seen from somebody who is limited to Lyon. `moved meanwhile`: it stood there a moment ago. */
export const RELATIONS = [
  'own',
  'below it',
  'outside',
  'in the root group',
  'moved meanwhile',
  'of a group that is gone',
  'gone to another server',
  'on its way here',
  'removed',
  'nowhere',
] as const;
export type Relation = (typeof RELATIONS)[number];

export type Holder = 'everywhere' | 'for Lyon' | 'for a group that is gone';

export interface ScopeOffice {
  readonly office: Office;
  readonly lyon: string;
  /** In Lyon. */
  readonly floor: string;
  readonly oslo: string;
  /** A new device with a key. */
  readonly stand: (relation: Relation) => Promise<Stood>;
  /** Somebody with all rights, or with one alone, so limited. */
  readonly person: (rights: string, holder: Holder) => Promise<string>;
  readonly limit: (id: string, groups: readonly string[] | undefined) => Promise<void>;
}

export const nameOf = ({ area, right }: RequiredRight): string => `${area}: ${right}`;

export async function openScopeOffice(directory: string): Promise<ScopeOffice> {
  const office = await openOffice(directory);
  const { server } = office;
  const { store, repository } = server;
  const { rows } = repository;
  const add = async (name: string, above?: string): Promise<string> =>
    (await server.call('addGroup', { name, ...(above === undefined ? {} : { above }) })).group.id;
  const lyon = await add('Lyon');
  const floor = await add('Floor', lyon);
  const oslo = await add('Oslo');
  const people = new Map<string, string>();
  const placed: Readonly<Record<Exclude<Relation, 'nowhere'>, () => Partial<Member>>> = {
    own: () => ({ group: lyon }),
    'below it': () => ({ group: floor }),
    outside: () => ({ group: oslo }),
    'in the root group': () => ({}),
    'moved meanwhile': () => ({ group: lyon }),
    'of a group that is gone': () => ({ group: randomUUID() }),
    'gone to another server': () => ({ group: lyon, state: 'moved', movedTo }),
    'on its way here': () => ({ group: lyon, state: 'arriving' }),
    removed: () => ({ group: lyon, removedAt: '2026-02-01T00:00:00.000Z' }),
  };
  const limit = async (id: string, groups: readonly string[] | undefined): Promise<void> => {
    const { limits: _, ...row } = (await readPerson(rows, store.reader, id))!;
    const limits = groups === undefined ? {} : { limits: { [row.roles[0]!]: groups } };
    await store.write((transaction) => putPerson(rows, transaction, { ...row, ...limits }));
  };
  return {
    office,
    lyon,
    floor,
    oslo,
    limit,
    async stand(relation) {
      if (relation === 'nowhere') return { device: randomUUID(), key: randomUUID() };
      const one = someDevice(`PC ${randomUUID()}`, placed[relation]());
      const key = makeSomeKey({ device: { id: one.id, name: one.name } });
      await store.write((transaction) => writeMember(rows, transaction, one));
      await server.record(key);
      if (relation === 'moved meanwhile') await server.call('setDevice', { id: one.id, group: oslo });
      return { device: one.id, key: key.key.id };
    },
    async person(rights, holder) {
      const name = `${rights} ${holder}`;
      const there = people.get(name);
      if (there !== undefined) return there;
      const held = rights === 'all' ? RIGHTS : RIGHTS.filter((one) => nameOf(one) === rights);
      const id = await office.add(name, held);
      await limit(id, holder === 'everywhere' ? undefined : [holder === 'for Lyon' ? lyon : randomUUID()]);
      people.set(name, id);
      return id;
    },
  };
}
