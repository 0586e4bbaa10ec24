/** Lists keys for people: public fields, and how far each has climbed. Never material. */
import { UUID_PATTERN } from '#domain/uuid.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import { formed } from '#protocol/forms.ts';
import { ListedKey } from '#protocol/people/people-answers.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { StoredKey } from '#store/rows.ts';
import { findDeviceId } from '../members/find-device.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { publicFields } from '../records/record-keys.ts';

export interface ListPorts extends Pick<ServerPorts, 'rows' | 'store'> {
  readonly link: PrimaryLink;
}

const PAGE_DEFAULT = 100;
/** Refused keys searched for the state of a listed key. More refusals than this are a fault that is shown as such. */
const REFUSED_SHOWN_MAX = 10_000;

async function lister(ports: ListPorts): Promise<(row: StoredKey) => ListedKey> {
  const refused = new Map(
    (await ports.store.reader.refusedKeys('', REFUSED_SHOWN_MAX)).map(({ seq, reason }) => [seq, reason]),
  );
  return (row) => {
    const refusedBecause = refused.get(row.seq);
    return {
      ...publicFields(row),
      locator: { ...publicFields(row).locator },
      state: refusedBecause === undefined ? stateOf(ports.link, row.seq) : 'refused',
      seq: row.seq,
      receivedFrom: row.receivedFrom,
      recordedAt: isoTime(row.recordedAt),
      ...(refusedBecause === undefined ? {} : { refusedBecause }),
    };
  };
}

function stateOf(link: PrimaryLink, seq: number): ListedKey['state'] {
  if (seq <= link.acknowledgedSeq) return 'acknowledged';
  return seq <= link.transmittedSeq ? 'transmitted' : 'recorded';
}

export async function listKeys(
  ports: ListPorts,
  request: {
    readonly device?: string | undefined;
    readonly find?: string | undefined;
    readonly after?: number | undefined;
    readonly limit?: number | undefined;
  },
): Promise<PeopleAnswer<'listKeys'>> {
  const limit = request.limit ?? PAGE_DEFAULT;
  const deviceId = request.device === undefined ? undefined : await findDeviceId(ports, request.device);
  const rows = await ports.store.reader.listKeys({
    limit,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(request.find === undefined ? {} : { text: request.find }),
    ...(request.after === undefined ? {} : { afterSeq: request.after }),
  });
  const toListed = await lister(ports);
  const keys: ListedKey[] = [];
  const unreadable: { id: string; seq: number }[] = [];
  for (const row of rows) {
    const listed = listedOrNot(row, toListed);
    if (listed === undefined) unreadable.push({ id: row.id, seq: row.seq });
    else keys.push(listed);
  }
  return { keys, unreadable, next: rows.length === limit ? (rows.at(-1)?.seq ?? null) : null };
}

/** One damaged row must not hide all others. */
function listedOrNot(row: StoredKey, toListed: (row: StoredKey) => ListedKey): ListedKey | undefined {
  try {
    const listed = formed(ListedKey, toListed(row));
    return listed.ok ? listed.value : undefined;
  } catch (error) {
    if (codeOf(error) === 'record-unreadable') return undefined;
    throw error;
  }
}

export async function showKey(ports: ListPorts, wanted: string): Promise<{ key: ListedKey }> {
  return { key: (await lister(ports))(await findKey(ports, wanted)) };
}

/** The key with this id, or the only one whose locator, device name or id holds the text. */
export async function findKey(ports: Pick<ServerPorts, 'store'>, wanted: string): Promise<StoredKey> {
  const { reader } = ports.store;
  if (UUID_PATTERN.test(wanted)) {
    const row = await reader.keyById(wanted);
    if (row !== undefined) return row;
    throw new KeystairError('not-found', `this server does not have key ${wanted}`, {
      nextStep: step('explain-key', { key: wanted }),
    });
  }
  const found = await reader.listKeys({ text: wanted, limit: 2 });
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    throw new KeystairError('not-found', `this server has no key that ${JSON.stringify(wanted)} fits`, {
      nextStep: step('find-key'),
    });
  }
  throw new KeystairError('ambiguous-name', `several keys fit ${JSON.stringify(wanted)}`, {
    nextStep: step('use-id-of-key', { text: wanted }),
  });
}
