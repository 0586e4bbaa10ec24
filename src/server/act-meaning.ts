/**
 * What the parameters of an act mean now: the ids of what they name, and how much an export covers. An approval is for
 * that: when it is used, the names must name the same, and keys recorded since are not covered.
 */
import type { AskedAct, Meaning } from '#domain/approval.ts';
import { KeystairError } from '#domain/errors.ts';
import type { PersonRow } from '#domain/person.ts';
import { type Caller, type HeldRight, read, write } from '#domain/right.ts';
import { scopeOf } from '#domain/scope.ts';
import { groupsOf } from './keys/key-scope.ts';
import { findKey } from './keys/list-keys.ts';
import type { AskedLimit } from '#protocol/people/person-forms.ts';
import { findNamed, listMembers } from './members/members.ts';
import { requirePerson } from './people/person-rows.ts';
import { askedLimits } from './people/role-limits.ts';
import { holdersOf, requireRole, requireRoles, rightsOf } from './people/role-rows.ts';
import type { ServerPorts } from './repository/ports.ts';
import { selectKeys } from './transfer/select-keys.ts';

const NOTHING_NAMED: Meaning = { ids: {} };

/** Throws `not-found`, `ambiguous-name`: nobody is asked for what cannot be done. */
export async function meaningOf(
  ports: Pick<ServerPorts, 'rows' | 'server' | 'store'>,
  caller: Caller,
  { operation, parameters }: AskedAct,
): Promise<Meaning> {
  const { id } = parameters;
  switch (operation) {
    case 'startExport': {
      // Of the form that the call's schema gave it.
      const scope = scopeOf(caller, read('Encryption key management'));
      const { selection, count, last } = await selectKeys(ports, scope, parameters);
      const { devices = [], keys = [] } = selection;
      // An approval is for the groups that the right held for then.
      const groups = groupsOf(scope);
      const ids = { devices, keys, ...(groups === undefined ? {} : { groups }) };
      return { ids, keys: count, upTo: last };
    }
    case 'startImport':
      if (parameters['digest'] === undefined) throw anyFile();
      return NOTHING_NAMED;
    case 'revealKey':
      return { ids: { id: [(await findKey(ports, scopeOf(caller, write('Key reveal')), String(id))).id] } };
    // The key may be at a server above; its id says all. Whoever is limited answers for keys that are here.
    case 'answerKeyRequest': {
      const scope = scopeOf(caller, write('Key reveal'));
      if (scope !== 'everywhere') await findKey(ports, scope, String(id));
      return { ids: { id: [String(id)] } };
    }
    case 'removeServer':
    case 'allowRecovery': {
      const secondaries = await listMembers(ports.rows, ports.store.reader, 'secondary');
      return { ids: { id: [findNamed(secondaries, String(id), 'secondary').id] } };
    }
    case 'addPerson':
      return { ids: await givenBy(ports, parameters, undefined) };
    case 'setPerson': {
      const person = await requirePerson(ports.rows, ports.store.reader, String(id));
      return { ids: { id: [person.id], ...(await givenBy(ports, parameters, person)) } };
    }
    // The holder of the new link or key gets all rights of the person who is reset.
    case 'resetPerson':
    case 'removePerson': {
      const person = await requirePerson(ports.rows, ports.store.reader, String(id));
      const rights = await rightsOf(ports.rows, ports.store.reader, person);
      return { ids: { id: [person.id], rights: rightsIn({ name: '', rights }) } };
    }
    case 'setRole':
    case 'removeRole': {
      const role = await requireRole(ports.rows, ports.store.reader, String(id));
      const holders = await holdersOf(ports.rows, ports.store.reader, role);
      return { ids: { rights: rightsIn(role), holders: holders.map((holder) => holder.id) } };
    }
    default:
      return NOTHING_NAMED;
  }
}

/** Of each role, by its name, and with the groups to which it is limited: an approver agreed to what it gave then. */
async function givenBy(
  ports: Pick<ServerPorts, 'rows' | 'server' | 'store'>,
  {
    roles = [],
    limits,
  }: { readonly roles?: readonly string[]; readonly limits?: readonly AskedLimit[] | undefined },
  person: PersonRow | undefined,
): Promise<Meaning['ids']> {
  const { reader } = ports.store;
  const found = await requireRoles(ports.rows, reader, roles);
  const asked = person === undefined ? (limits ?? []) : limits;
  const limited = Object.entries(await askedLimits(ports, reader, found, asked, person?.limits));
  return {
    rights: found.flatMap((role) => rightsIn(role)),
    ...(limited.length === 0
      ? {}
      : { limits: limited.flatMap(([role, groups]) => groups.map((group) => `${role}: ${group}`)) }),
  };
}

function rightsIn({
  name,
  rights,
}: {
  readonly name: string;
  readonly rights: readonly HeldRight[];
}): string[] {
  return rights.map(({ area, right, groups }) => {
    const where = groups === undefined ? '' : ` for ${[...groups].toSorted().join(' ')}`;
    return `${name}, ${area}: ${right}${where}`;
  });
}

function anyFile(): KeystairError {
  return new KeystairError(
    'invalid-argument',
    'others have to approve this import, and it does not say of which file',
    {
      nextStep: 'give the SHA-256 of the file with it; from a pipe, write the file first',
    },
  );
}
