/** Who can give a right to somebody who lacks it: people who manage people and hold it themselves. */
import { PEOPLE_MAX } from '#domain/people-limits.ts';
import type { PersonRow } from '#domain/person.ts';
import { type RequiredRight, write } from '#domain/right.ts';
import { rightsBeyond } from '#domain/scope.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { Providers } from './providers.ts';
import { rightsOf } from './role-rows.ts';

/** Nobody would ask more people than this. */
const NAMED_MAX = 5;

interface GiversPorts extends Pick<ServerPorts, 'rows' | 'store'> {
  readonly providers: Pick<Providers, 'limit'>;
}

/** Their names; empty if only the owner of the data directory can. */
export async function giversOf(
  { rows, store: { reader }, providers }: GiversPorts,
  right: RequiredRight,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { value } of (await rows.all<PersonRow>(reader, 'person')).slice(0, PEOPLE_MAX)) {
    if (value.service !== null) continue;
    const held = providers.limit(value.identity, await rightsOf(rows, reader, value)) ?? [];
    if (rightsBeyond([write('People'), right], held).length > 0) continue;
    names.push(value.name);
    if (names.length === NAMED_MAX) break;
  }
  return names;
}
