/**
 * Where a damaged key can be recovered. What the audit log says of it counts before what its row says: the row is the
 * damaged part.
 */
import type { ServerName } from '#domain/server-name.ts';
import type { Member } from '#domain/member.ts';
import type { PlaceOfKey } from '#protocol/people/people-answers.ts';
import type { Reader } from '#store/transaction.ts';
import { readUnverified } from '../../hierarchy/unverified-status.ts';
import { readPrimary, readPrimaryContact } from '../../hierarchy/primary/primary-row.ts';
import { readMember } from '../../members/members.ts';
import type { TrustedRows } from '../../repository/trusted-rows.ts';
import type { Damage, KeyFault } from './findings.ts';

/** Faults of columns that the record itself or its neighbours repair. */
const REPAIRED_HERE: ReadonlySet<KeyFault> = new Set(['digest', 'device', 'chain']);
/** Refused keys that are searched. */
const REFUSED_MAX = 10_000;

export interface Surroundings {
  readonly server: ServerName;
  readonly primary: ServerName | undefined;
  /** The last number that the primary said it has. */
  readonly acknowledgedSeq: number;
  /** Numbers that the primary refused. */
  readonly refused: ReadonlySet<number>;
  /** The members that a damaged key may have come from. */
  readonly members: ReadonlyMap<string, Member>;
}

export async function readSurroundings(
  server: ServerName,
  rows: TrustedRows,
  reader: Reader,
  damages: readonly Damage[],
): Promise<Surroundings> {
  const primary = await readPrimary(rows, reader);
  const contact = primary === undefined ? undefined : await readPrimaryContact(reader, primary);
  const { acknowledgedSeq } = readUnverified<{ acknowledgedSeq: number }>(contact);
  const members = new Map<string, Member>();
  for (const id of new Set(damages.flatMap(namedIn))) {
    const member = await readMember(rows, reader, id);
    if (member !== undefined) members.set(id, member);
  }
  return {
    server,
    primary: primary === undefined ? undefined : { id: primary.id, name: primary.name },
    acknowledgedSeq: typeof acknowledgedSeq === 'number' ? acknowledgedSeq : 0,
    refused: new Set((await reader.refusedKeys('', REFUSED_MAX)).map(({ seq }) => seq)),
    members,
  };
}

/** The nearest first. An export comes last: the people who keep one know of it. */
export function placesOf(damage: Damage, around: Surroundings): PlaceOfKey[] {
  const places: PlaceOfKey[] = [];
  const put = (place: PlaceOfKey): void => {
    if (!places.some((one) => one.place === place.place && one.id === place.id)) places.push(place);
  };
  if (damage.faults.every((fault) => REPAIRED_HERE.has(fault))) put({ place: 'here', ...around.server });
  const sources = sourcesOf(damage);
  const { primary } = around;
  const cameDown = sources.some((source) => source.startsWith('primary:'));
  if (primary !== undefined && (cameDown || acknowledged(damage, around))) {
    put({ place: 'primary', ...primary });
  }
  for (const id of idsOf(sources, ['secondary:'], damage.origin)) {
    const member = around.members.get(id);
    if (member?.kind === 'secondary') put({ place: 'secondary', id, name: member.name });
  }
  for (const id of idsOf(sources, ['device:', 'receipt:'], null)) {
    const member = around.members.get(id);
    if (member?.kind === 'device') put({ place: 'device', id, name: member.name });
  }
  put({ place: 'export', id: null, name: null });
  return places;
}

/** A primary that has a key refuses a damaged record of it that is sent again, and still has the key. */
function acknowledged(
  { seq, to, acknowledgedBy }: Damage,
  { primary, acknowledgedSeq, refused }: Surroundings,
): boolean {
  if (primary !== undefined && acknowledgedBy.has(primary.id)) return true;
  return seq <= acknowledgedSeq && !(seq === to && refused.has(seq));
}

/** Ids of members that may have a damaged key. */
function namedIn(damage: Damage): string[] {
  return idsOf(sourcesOf(damage), ['secondary:', 'device:', 'receipt:'], damage.origin);
}

/** The sources of the keys of those numbers. */
function sourcesOf({ told, receivedFrom }: Damage): string[] {
  if (told.length > 0) return [...new Set(told.map((one) => one.receivedFrom))];
  return receivedFrom === null ? [] : [receivedFrom];
}

function idsOf(sources: readonly string[], prefixes: readonly string[], also: string | null): string[] {
  const ids = sources.flatMap((source) =>
    prefixes.filter((prefix) => source.startsWith(prefix)).map((prefix) => source.slice(prefix.length)),
  );
  return also === null ? ids : [...ids, also];
}

const FAULT_WORDS: Readonly<Record<KeyFault, string>> = {
  unreadable: 'its record does not open, so its row was damaged or altered',
  digest: 'its digest was altered',
  device: 'the device it is listed under was altered',
  chain: 'its chain value was altered',
  'other-record': 'another record belongs at this number',
  missing: 'its row is missing',
};

/** What is wrong, in words. */
export function faultOf({ faults }: Damage): string {
  return faults.map((fault) => FAULT_WORDS[fault]).join('; ');
}

/** One sentence for a person: which key, what is wrong, and where it can be recovered. */
export function sentenceOf(damage: Damage, places: readonly PlaceOfKey[]): string {
  const { seq, to, id, told } = damage;
  const named = places.map(placeWords);
  const again = `it can be recovered from ${named.length < 2 ? named.join() : `${named.slice(0, -1).join(', ')} or ${named.at(-1)}`}`;
  if (id !== null) return `key ${id}, number ${seq}: ${faultOf(damage)}; ${again}`;
  const known = told.length === 1 && told[0]!.from === seq ? ` (${told[0]!.first})` : '';
  const which = seq === to ? `key number ${seq}${known}` : `the keys numbered ${seq} to ${to}`;
  return `${which}: ${seq === to ? 'its row is' : 'their rows are'} missing, and no key after that is transmitted; ${again}`;
}

function placeWords({ place, id, name }: PlaceOfKey): string {
  switch (place) {
    case 'here':
      return 'its own record here';
    case 'primary':
      return `the primary ${name}`;
    case 'secondary':
      return `the secondary ${name} (${id})`;
    case 'device':
      return `the receipt of the device ${name} (${id})`;
    case 'export':
      return 'an export that has it';
  }
}
