/** `keystair sessions …`: who is signed in at a server over the network. */
import { LIST_PAGE_MAX } from '#domain/limits.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { ListedSession } from '#protocol/people/person-forms.ts';
import type { Noun } from '../command.ts';
import { command } from '../command.ts';
import { flag, text } from '../options.ts';
import { PackedList, pages } from '../packed-list.ts';
import { tableOf } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, when } from '../words.ts';

const list = command({
  summary: 'list the open sessions: of everybody, of one person, or your own',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    person: text('P', 'only those of this person, by id or name'),
    own: flag('only your own; needs no right'),
  },
  example: '--person "Anna Berg" --data /var/lib/keystair',
  check: (_values, { person, own }) => {
    if (own && person !== undefined) throw new UsageError('give only one of --own and --person');
  },
  run: async (context, _values, { data: address, person, own }) => {
    const client = await context.connect(address);
    const sessions = new PackedList<ListedSession>();
    if (own) sessions.push((await client('mySessions', {})).sessions);
    else {
      for await (const page of pages<PeopleAnswer<'listSessions'>>((behind) =>
        client('listSessions', {
          ...(person === undefined ? {} : { person }),
          limit: LIST_PAGE_MAX,
          ...behind,
        }),
      ))
        sessions.push(page.sessions);
    }
    return {
      document: { sessions },
      lines:
        sessions.length === 0
          ? ['No sessions.']
          : tableOf(['Person', 'Id', 'Begun', 'Last seen', 'From', 'By'], sessions, sessionCells),
    };
  },
});

function sessionCells({ person, id, createdAt, lastSeenAt, address, agent }: ListedSession): string[] {
  return [person.name, id, when(createdAt), when(lastSeenAt), address, agent];
}

const end = command({
  summary: 'end a session: its next call is refused',
  positionals: { id: { placeholder: 'ID', help: 'id of the session, as keystair sessions list shows it' } },
  options: { ...ADDRESSED_SERVER, own: flag('it is your own; needs no right') },
  example: '0d5bdac5-2d5c-4f4d-9d3c-6f0a4d6f5e11 --data /var/lib/keystair',
  run: async (context, { id }, { data: address, own }) => {
    const client = await context.connect(address);
    const { session } = await client(own ? 'endMySession' : 'endSession', { id });
    return {
      document: {},
      lines: [`The session of ${session.person.name} from ${session.address} has ended.`],
    };
  },
});

export const sessionsCommands: Noun = { summary: 'who is signed in at a server', verbs: { list, end } };
