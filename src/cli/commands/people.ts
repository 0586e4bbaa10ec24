/** `keystair people …`: who may call a server over the network, and with which roles. */
import { LIST_PAGE_MAX, NAME_LENGTH_MAX } from '#domain/limits.ts';
import { API_KEY_MS_MAX } from '#domain/people-limits.ts';
import type { ShownPerson } from '#protocol/people/person-forms.ts';
import type { WayIn } from '#protocol/people/routes/people.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Noun } from '../command.ts';
import { command, type Outcome } from '../command.ts';
import { duration, flag, texts } from '../options.ts';
import { PackedList, pages } from '../packed-list.ts';
import { columns, tableOf } from '../table.ts';
import { nameRule, readName } from '#domain/name.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, ASKED_SERVER, EDITED_ASKED_SERVER, when, withVersion, yesOrNo } from '../words.ts';
import { changeApp, changePassword, recoveryCodes, setUpAccount } from './own-account.ts';

const PERSON = { person: { placeholder: 'P', help: 'id or name of the person or service account' } };
const ROLES = texts('ROLE', 'the name of a role; may be repeated');
const GROUPS = texts(
  'G',
  'limit these roles to the devices of this group, and of those in it; may be repeated',
);

const add = command({
  summary: 'add a person, who sets up their sign-in by a one-time link; or a service account with a key',
  positionals: { name: { placeholder: 'NAME', help: 'the name of the person or the service account' } },
  options: {
    ...ASKED_SERVER,
    role: ROLES,
    groups: GROUPS,
    service: flag('a service account: a program that calls with its own key'),
    expires: duration(
      'DURATION',
      'with --service: how long its key is valid, like 90d; by default it does not expire',
      {
        secondsMin: 1,
        secondsMax: API_KEY_MS_MAX / 1000,
      },
    ),
  },
  example: '"Anna Berg" --role "Help desk" --data /var/lib/keystair',
  check: ({ name }, { role, groups, service, expires }) => {
    requireRolesFor(groups, role);
    const read = readName(name);
    if ('fault' in read) throw new UsageError(`NAME ${read.fault}; it must be ${nameRule(NAME_LENGTH_MAX)}`);
    if (expires !== undefined && !service) throw new UsageError('--expires is only for --service');
  },
  run: async (context, { name }, { data: address, role, groups, service, expires }) => {
    context.terminal.requireShow();
    const client = await context.connect(address);
    const answer = await client('addPerson', {
      name,
      ...(role.length === 0 ? {} : { roles: [...role] }),
      ...(groups.length === 0 ? {} : { limits: limitsOf(role, groups) }),
      ...(service ? { service } : {}),
      ...(expires === undefined ? {} : { expiresMs: expires * 1000 }),
    });
    return wayIn(
      answer,
      role.length === 0 ? [`Without a role ${answer.person.name} may not do anything yet.`] : [],
    );
  },
});

function requireRolesFor(groups: readonly string[], role: readonly string[]): void {
  if (groups.length > 0 && role.length === 0)
    throw new UsageError('--groups limits roles: name them with --role ROLE');
}

/** All the roles named are limited to all the groups named. */
function limitsOf(role: readonly string[], groups: readonly string[]): { role: string; groups: string[] }[] {
  return role.map((one) => ({ role: one, groups: [...groups] }));
}

/** A link or a key, which is shown once. */
function wayIn(answer: WayIn, more: readonly string[] = []): Outcome {
  const { person, setupUrl, apiKey, expiresAt } = answer;
  const until = expiresAt === null ? 'without end' : `until ${when(expiresAt)}`;
  return {
    document: answer,
    lines: [setupUrl ?? apiKey ?? ''],
    piped: true,
    messages: [
      setupUrl === undefined
        ? `The key of ${person.name}, good ${until} and shown only now: put it in a file that only its program reads, and give that with --api-key-file.`
        : `${person.name} opens the link once, ${until}, and chooses there how to sign in. Anyone who has it can become ${person.name}: send it over a safe channel.`,
      ...more,
    ],
  };
}

type ListedPerson = PeopleAnswer<'listPeople'>['people'][number];

type ListedRow = Omit<ListedPerson, 'limits'> & Partial<Pick<ListedPerson, 'limits'>>;

const list = command({
  summary: 'list people and service accounts with their roles',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address }) => {
    const client = await context.connect(address);
    const people = new PackedList<ListedRow>();
    for await (const page of pages<PeopleAnswer<'listPeople'>>((behind) =>
      client('listPeople', { limit: LIST_PAGE_MAX, ...behind }),
    ))
      people.push(page.people.map(withoutEmptyLimits));
    return {
      document: { people },
      lines:
        people.length === 0
          ? ['Nobody. To add a person: keystair people add NAME --role ROLE']
          : tableOf(['Name', 'Id', 'Kind', 'Roles', 'Last seen'], people, personCells),
    };
  },
});

/** Limits are shown where there are some. */
function withoutEmptyLimits({ limits, ...person }: ListedPerson): ListedRow {
  return limits.length === 0 ? person : { ...person, limits };
}

function personCells({ name, id, service, roles, limits = [], lastSeenAt }: ListedRow): string[] {
  return [name, id, service ? 'service account' : 'person', rolesInWords(roles, limits), when(lastSeenAt)];
}

/** Each role, and in brackets where it holds. */
function rolesInWords(roles: readonly string[], limits: ListedPerson['limits']): string {
  const words = roles.map((role) => {
    const groups = limits.find((limit) => limit.role === role)?.groups;
    return groups === undefined ? role : `${role} (${groups.map(({ name }) => name).join(', ')})`;
  });
  return words.join(', ');
}

const show = command({
  summary: 'show a person: their roles, and how they sign in',
  positionals: PERSON,
  options: ADDRESSED_SERVER,
  example: '"Anna Berg" --data /var/lib/keystair',
  run: async (context, { person: id }, { data: address }) => {
    const client = await context.connect(address);
    const { answer, version } = await withVersion((told) => client('showPerson', { id }, undefined, told));
    return { document: { ...answer, version }, lines: personLines(answer.person, version) };
  },
});

function personLines(person: ShownPerson, version: string | undefined): string[] {
  const { name, id, service, roles, limits, createdAt, lastSeenAt, expiresAt, provider } = person;
  return columns([
    ['Name', name],
    ['Id', id],
    ['Kind', service ? 'service account' : 'person'],
    ['Roles', roles.length === 0 ? 'none' : rolesInWords(roles, limits)],
    ['Added', when(createdAt)],
    ['Last seen', when(lastSeenAt)],
    ...(service
      ? [['Key ends', expiresAt === null ? 'never' : when(expiresAt)]]
      : [
          ['Signs in by', provider ?? 'this server'],
          ['Set up', yesOrNo(person.setUp)],
          ['Passkeys', String(person.passkeys)],
          ['Recovery codes left', String(person.recoveryCodesLeft)],
        ]),
    ['Version', version ?? ''],
  ]);
}

const set = command({
  summary: 'give a person exactly these roles, everywhere or for some groups of devices',
  positionals: PERSON,
  options: {
    ...EDITED_ASKED_SERVER,
    role: ROLES,
    groups: GROUPS,
    everywhere: flag('these roles hold everywhere; without it and --groups, each role keeps its limit'),
    'no-roles': flag('remove every role'),
  },
  example: '"Anna Berg" --role "Help desk" --groups Lyon --data /var/lib/keystair',
  check: (_values, { role, groups, everywhere, 'no-roles': none }) => {
    requireRolesFor(groups, role);
    if (everywhere && groups.length > 0) throw new UsageError('give --groups or --everywhere, not both');
    if (role.length > 0 === none) throw new UsageError('name the roles: --role ROLE, or --no-roles');
  },
  run: async (context, { person: id }, { data: address, role, groups, everywhere }) => {
    const client = await context.connect(address);
    const limits =
      groups.length > 0 || everywhere ? { limits: groups.length > 0 ? limitsOf(role, groups) : [] } : {};
    const document = await client('setPerson', { id, roles: [...role], ...limits });
    const { name, roles } = document.person;
    return {
      document,
      lines: [
        roles.length === 0
          ? `${name} no longer has a role.`
          : `${name} is now: ${rolesInWords(roles, document.limits)}.`,
      ],
      messages:
        document.limits.length === 0
          ? []
          : [
              'The limit is for rights over devices and their keys. All other rights of these roles hold everywhere: see keystair roles list',
            ],
    };
  },
});

const reset = command({
  summary:
    'reset the sign-in of a person and make a new set-up link, or make a new key for a service account',
  positionals: PERSON,
  options: ASKED_SERVER,
  example: '"Anna Berg" --data /var/lib/keystair',
  run: async (context, { person: id }, { data: address }) => {
    context.terminal.requireShow();
    const client = await context.connect(address);
    const answer = await client('resetPerson', { id });
    return wayIn(answer, [
      answer.setupUrl === undefined
        ? 'The previous key no longer works.'
        : 'Their password, codes and passkeys no longer work, and all their sessions have ended.',
    ]);
  },
});

const remove = command({
  summary: 'remove a person or a service account; their sessions end, and their key',
  positionals: PERSON,
  options: ASKED_SERVER,
  example: '"Anna Berg" --data /var/lib/keystair',
  run: async (context, { person: id }, { data: address }) => {
    const client = await context.connect(address);
    const document = await client('removePerson', { id });
    return { document, lines: [`${document.person.name} is removed and can no longer call this server.`] };
  },
});

export const peopleCommands: Noun = {
  summary: 'people and service accounts of a server',
  verbs: {
    list,
    show,
    add,
    set,
    reset,
    remove,
    'set-up': setUpAccount,
    'change-password': changePassword,
    'change-app': changeApp,
    'recovery-codes': recoveryCodes,
  },
};
