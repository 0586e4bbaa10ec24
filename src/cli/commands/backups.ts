/** `keystair server backups`: when the last backup was made, when one was last tried, and what is overdue. */
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { command } from '../command.ts';
import { type Line, stateColumns, stateLine, warning } from '../state-words.ts';
import { ADDRESSED_SERVER, count, when } from '../words.ts';

type Known = PeopleAnswer<'showBackups'>;

const OVERDUE: Readonly<Record<Known['overdue'][number], string>> = {
  backup: 'a backup: keystair server backup FILE',
  check: 'a trial, which tells the server: keystair server backup --check FILE --data DIR',
};

export const backups = command({
  summary: 'show when the last backup was made, when one was last tried, and what is overdue',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address }) => {
    const document = await (await context.connect(address))('showBackups', {});
    return { document, lines: backupsLines(document) };
  },
});

function backupsLines({ made, checked, overdue }: Known): Line[] {
  return [
    ...stateColumns([
      [
        'Last backup',
        made === null ? 'none' : `${when(made.at)}, by ${made.by}, with ${count(made.keys, 'key')}`,
      ],
      [
        'Last trial',
        checked === null
          ? 'none that the server was told of'
          : `${when(checked.at)}, by ${checked.by}, of the backup of ${when(checked.madeAt)}`,
      ],
    ]),
    ...overdue.map((what) => stateLine(warning(`Overdue: ${OVERDUE[what]}`))),
  ];
}
