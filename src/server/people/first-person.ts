/**
 * The first person of a server that has a console and nobody who can use it. The start of the server prints a link; its
 * holder becomes that person.
 *
 * Invariant: the link is made only while there are no people. Later the owner of the data directory lets people in.
 */
import { LOCAL_ADMINISTRATOR, requireRights, RIGHTS } from '#domain/right.ts';
import { FIRST_ROLE } from '#domain/role.ts';
import { addPerson, type PeoplePorts } from './people.ts';

const FIRST_NAME = 'administrator';

/** The link; undefined if there are people already, or no console where it could be used. */
export async function offerFirstSetUp(ports: PeoplePorts): Promise<string | undefined> {
  const { store, consoleUrl } = ports;
  if (consoleUrl() === null || (await store.reader.rowsAfter('person', '', 1)).length > 0) return undefined;
  // Only the owner of the data directory can start the server.
  const caller = requireRights(LOCAL_ADMINISTRATOR, RIGHTS);
  return (await addPerson(ports, caller, { name: FIRST_NAME, roles: [FIRST_ROLE] })).setupUrl;
}
