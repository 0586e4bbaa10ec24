/** `keystair roles …`: named sets of rights that people are given. */
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Noun } from '../command.ts';
import { command, type Outcome } from '../command.ts';
import { texts } from '../options.ts';
import { rightFromText, rightLines, rightsOnALine } from '../right-words.ts';
import { table } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, ASKED_SERVER, EDITED_ASKED_SERVER, withVersion } from '../words.ts';

const ROLE = { role: { placeholder: 'NAME', help: 'the name of the role' } };
const RIGHT = texts(
  'AREA:RIGHT',
  'a right, like "Managed devices:Read" or "Key reveal:Write"; may be repeated',
);

type Role = PeopleAnswer<'listRoles'>['roles'][number];

const list = command({
  summary: 'list the roles and the rights that each gives',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address }) => {
    const client = await context.connect(address);
    const document = await client('listRoles', {});
    const rows = document.roles.map(({ name, builtIn, rights }) => [
      name,
      builtIn ? 'comes with the server' : 'own',
      rightsOnALine(rights),
    ]);
    return { document, lines: table(['Name', 'Kind', 'Rights'], rows) };
  },
});

const show = command({
  summary: 'show a role and the rights that it gives',
  positionals: ROLE,
  options: ADDRESSED_SERVER,
  example: 'Enroller --data /var/lib/keystair',
  run: async (context, { role: id }, { data: address }) => {
    const client = await context.connect(address);
    const { answer, version } = await withVersion((told) => client('showRole', { id }, undefined, told));
    const { role } = answer;
    const kind = role.builtIn ? 'comes with the server' : `own, version ${version ?? ''}`;
    return {
      document: { role, version },
      lines: [`${role.name} (${kind}) gives:`, ...rightLines(role.rights)],
    };
  },
});

function someRights(_values: unknown, { right }: { readonly right: readonly string[] }): void {
  if (right.length === 0) throw new UsageError('name the rights of the role: --right AREA:RIGHT');
  right.forEach(rightFromText);
}

const add = command({
  summary: 'add a role with these rights',
  positionals: ROLE,
  options: { ...ASKED_SERVER, right: RIGHT },
  example: 'Enroller --right "Managed devices:Read" --right "Managed devices:Write" --data /var/lib/keystair',
  check: someRights,
  run: async (context, { role: name }, { data: address, right }) => {
    const client = await context.connect(address);
    const { role } = await client('addRole', { name, rights: right.map(rightFromText) });
    return roleOutcome(role, `The role ${role.name} is added, and nobody has it yet. It gives:`);
  },
});

const set = command({
  summary: 'give a role, and everybody who has it, exactly these rights',
  positionals: ROLE,
  options: { ...EDITED_ASKED_SERVER, right: RIGHT },
  example: 'Enroller --right "Managed devices:Read" --data /var/lib/keystair',
  check: someRights,
  run: async (context, { role: id }, { data: address, right }) => {
    const client = await context.connect(address);
    const { role } = await client('setRole', { id, rights: right.map(rightFromText) });
    return roleOutcome(role, `The role ${role.name} now gives everybody who has it:`);
  },
});

function roleOutcome(role: Role, says: string): Outcome {
  return { document: { role }, lines: [says, ...rightLines(role.rights)] };
}

const remove = command({
  summary: 'remove a role that nobody has',
  positionals: ROLE,
  options: ASKED_SERVER,
  example: 'Enroller --data /var/lib/keystair',
  run: async (context, { role: id }, { data: address }) => {
    const client = await context.connect(address);
    const { role } = await client('removeRole', { id });
    return { document: {}, lines: [`The role ${role.name} is removed.`] };
  },
});

export const rolesCommands: Noun = {
  summary: 'roles, and the rights that each gives',
  verbs: { list, show, add, set, remove },
};
