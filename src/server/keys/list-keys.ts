/** Lists keys for people: public fields, and how far each has climbed. Never material. */
import { isVersion7, uuidAsTyped } from '#domain/uuid.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { type Caller, read } from '#domain/right.ts';
import { type Scope, scopeOf } from '#domain/scope.ts';
import { step } from '#domain/step.ts';
import { formed } from '#protocol/forms.ts';
import { ListedKey } from '#protocol/people/people-answers.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { z } from 'zod';
import type { StoredKey } from '#store/rows.ts';
import type { FoundKeys, KeyFilter, KeyOrder } from '#store/transaction.ts';
import { type Climbed, numbersIn, stateOf } from './key-states.ts';
import { noSuchPosition } from '../members/list-position.ts';
import { findDeviceId } from '../members/find-device.ts';
import { groupsOf, isKeyInScope, keysInScope } from './key-scope.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { publicFields } from '../records/record-keys.ts';
import { type RotationTask, tasksOf } from './rotation-tasks.ts';

export interface ListPorts extends Pick<ServerPorts, 'rows' | 'store'> {
  readonly link: Pick<PrimaryLink, 'acknowledgedSeq' | 'transmittedSeq'>;
}

const REGISTER = read('Key register');
const PAGE_DEFAULT = 100;
/** Refused keys searched for the state of a listed key. More refusals than this are a fault that is shown as such. */
const REFUSED_SHOWN_MAX = 10_000;

async function climbedNow({ link, store }: ListPorts): Promise<Climbed> {
  const refused = await store.reader.refusedKeys('', REFUSED_SHOWN_MAX);
  return {
    refused: new Map(refused.map(({ seq, reason }) => [seq, reason])),
    acknowledgedSeq: link.acknowledgedSeq,
    transmittedSeq: link.transmittedSeq,
  };
}

function shown(climbed: Climbed, row: StoredKey, task: RotationTask | undefined): ListedKey {
  const refusedBecause = climbed.refused.get(row.seq);
  const fields = publicFields(row);
  return {
    ...fields,
    locator: { ...fields.locator },
    state: stateOf(climbed, row.seq),
    seq: row.seq,
    receivedFrom: row.receivedFrom,
    recordedAt: isoTime(row.recordedAt),
    ...(task === undefined ? {} : { notRotatedSince: task.revealedAt }),
    ...(refusedBecause === undefined ? {} : { refusedBecause }),
  };
}

export async function listKeys(
  ports: ListPorts,
  caller: Caller,
  request: z.output<PeopleRoutes['listKeys']['request']>,
): Promise<PeopleAnswer<'listKeys'>> {
  const { after, device, find, kind, limit = PAGE_DEFAULT, order = 'oldest', state, notState } = request;
  const { reader } = ports.store;
  const scope = scopeOf(caller, REGISTER);
  const deviceId = device === undefined ? undefined : await findDeviceId(ports, scope, device);
  const climbed = await climbedNow(ports);
  const found = await reader.findKeys({
    ...borderAt(order, after),
    deviceId,
    groups: deviceId === undefined ? groupsOf(scope) : undefined,
    kind,
    text: find,
    recordedSince: timeOf(request.recordedSince),
    recordedUntil: timeOf(request.recordedUntil),
    numbers:
      state === undefined && notState === undefined
        ? undefined
        : numbersIn(climbed, (one) => (state === undefined || one === state) && one !== notState),
    order,
    limit,
  });
  const keys: ListedKey[] = [];
  const unreadable: { id: string; seq: number }[] = [];
  const inScope = await keysInScope(ports, scope, found.keys);
  const tasks = await tasksOf(ports, reader, idsOf(inScope));
  for (const row of inScope) {
    const listed = listedOrNot(row, climbed, tasks.get(row.id));
    if (listed === undefined) unreadable.push({ id: row.id, seq: row.seq });
    else keys.push(listed);
  }
  const { searchedTo } = found;
  // How many keys there are, outside too, is nothing for whoever is limited.
  const of = scope === 'everywhere' ? (await reader.head()).seq : (searchedTo ?? keys.at(-1)?.seq ?? 0);
  return { keys, unreadable, next: searchedTo === null ? null : String(searchedTo), searchedTo, of };
}

function idsOf(rows: readonly StoredKey[]): readonly string[] {
  return rows.map(({ id }) => id);
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

/** A page begins behind a number: those of older keys rise, those of newer ones fall. */
function borderAt(order: KeyOrder, after: string | undefined): Pick<KeyFilter, 'above' | 'below'> {
  if (after === undefined) return {};
  const seq = /^\d{1,16}$/.test(after) ? Number(after) : Number.NaN;
  if (Number.isSafeInteger(seq)) return order === 'oldest' ? { above: seq } : { below: seq };
  throw noSuchPosition();
}

/** One damaged row must not hide all others. */
function listedOrNot(
  row: StoredKey,
  climbed: Climbed,
  task: RotationTask | undefined,
): ListedKey | undefined {
  try {
    const listed = formed(ListedKey, shown(climbed, row, task));
    return listed.ok ? listed.value : undefined;
  } catch (error) {
    if (codeOf(error) === 'record-unreadable') return undefined;
    throw error;
  }
}

export async function showKey(ports: ListPorts, caller: Caller, wanted: string): Promise<{ key: ListedKey }> {
  const row = await findKey(ports, scopeOf(caller, REGISTER), wanted);
  // Of this key alone: there may be many refusals, and this call is made often.
  const reason = await ports.store.reader.refusalOf('', row.seq);
  const refused = new Map(reason === undefined ? [] : [[row.seq, reason]]);
  const { acknowledgedSeq, transmittedSeq } = ports.link;
  const tasks = await tasksOf(ports, ports.store.reader, [row.id]);
  return { key: shown({ refused, acknowledgedSeq, transmittedSeq }, row, tasks.get(row.id)) };
}

/**
 * The key in a scope with this id, or the only one there whose locator, device name or id holds the text. A UUID in
 * whatever case, with or without dashes, may also be that of a drive.
 */
export async function findKey(
  ports: Pick<ServerPorts, 'rows' | 'store'>,
  scope: Scope,
  wanted: string,
): Promise<StoredKey> {
  const { reader } = ports.store;
  const uuid = uuidAsTyped(wanted);
  if (uuid !== undefined) {
    const named = await reader.keyById(uuid);
    if (named !== undefined && (await isKeyInScope(ports, scope, named))) return named;
    // Ids of keys are not sought as texts are: for each that is missing, all keys would be looked through.
    if (isVersion7(uuid)) throw noSuchKey(uuid);
  }
  const found: StoredKey[] = [];
  for (let above: number | null = 0; above !== null && found.length < 2; ) {
    const some: FoundKeys = await reader.findKeys({
      text: wanted,
      groups: groupsOf(scope),
      above,
      limit: 2 - found.length,
    });
    found.push(...(await keysInScope(ports, scope, some.keys)));
    above = some.searchedTo;
  }
  if (found.length === 1) return found[0]!;
  if (found.length === 0 && uuid !== undefined) throw noSuchKey(uuid);
  if (found.length === 0) {
    throw new KeystairError('not-found', `this server has no key that matches ${JSON.stringify(wanted)}`, {
      nextStep: step('find-key'),
    });
  }
  throw new KeystairError('ambiguous-name', `several keys match ${JSON.stringify(wanted)}`, {
    nextStep: step('use-id-of-key', { text: wanted }),
  });
}

function noSuchKey(id: string): KeystairError {
  return new KeystairError('not-found', `this server does not have key ${id}`, {
    nextStep: step('explain-key', { key: id }),
  });
}
