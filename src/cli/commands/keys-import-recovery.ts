/**
 * `keystair keys import-recovery`: recovery passwords of a list into custody.
 *
 * Nothing is sent before every row was read. What is sent goes in pages, each all or nothing; a row that is there already
 * changes nothing, so whoever was interrupted runs the command again.
 */
import { KeystairError } from '#domain/errors.ts';
import { RECOVERIES_TOGETHER_MAX } from '#domain/limits.ts';
import { command } from '../command.ts';
import { choice, flag } from '../options.ts';
import { createProgress } from '../progress.ts';
import { LIST_FORMS, type ListedRecovery, type RecoveryList, readRecoveryList } from '../recovery-list.ts';
import { readRecoveryList as readFile } from '../secrets.ts';
import { ADDRESSED_SERVER, count } from '../words.ts';

/** Passwords of appliances may be long: a page of such must fit a request, in JSON. In UTF-16 units. */
const PAGE_LENGTH_MAX = 40_000;
/** Rows that are named on the terminal; `--json` has all of them. */
const REFUSED_SHOWN_MAX = 20;
/** A sentence is still read with so many. */
const REFUSED_IN_SENTENCE_MAX = 3;

const clock = (): number => performance.now();

export const importRecovery = command({
  summary: 'take recovery passwords of a list into custody: BitLocker, FileVault and others',
  positionals: {
    list: { placeholder: 'FILE|-', help: 'comma-separated values with column names in the first line' },
  },
  options: {
    ...ADDRESSED_SERVER,
    from: choice(LIST_FORMS, 'whose column names the list has; csv by default'),
    'dry-run': flag('only report what would be new, known and refused'),
    'skip-refused': flag('take the good rows although others are refused'),
  },
  example: 'passwords.csv --dry-run --data /var/lib/keystair',
  run: async (
    context,
    { list },
    { data: address, from = 'csv', 'dry-run': dryRun, 'skip-refused': skip },
  ) => {
    const { rows, refused } = readRecoveryList(await readFile(list, context.terminal), from);
    const named = namedRows(refused, REFUSED_SHOWN_MAX);
    if (refused.length > 0 && !dryRun && !skip) {
      throw new KeystairError(
        'invalid-argument',
        `of ${count(rows.length + refused.length, 'row')}, ${refused.length} cannot be taken: ${namedRows(refused, REFUSED_IN_SENTENCE_MAX).join('; ')}`,
        {
          nextStep:
            'nothing was recorded; correct the list (--dry-run names more rows), or take the others with --skip-refused',
        },
      );
    }
    const client = await context.connect(address);
    const progress = createProgress(context.terminal, 'Recording', clock, (done) => count(done, 'row'));
    const outcome = { new: 0, known: 0 };
    let done = 0;
    for (const recoveries of recoveryPages(rows.map(({ recovery }) => recovery))) {
      const answer = await client('takeRecoveries', { recoveries, dryRun });
      for (const one of answer.recoveries) outcome[one.outcome] += 1;
      done += recoveries.length;
      progress.at(done, rows.length);
    }
    progress.end();
    const verb = dryRun ? 'Would take' : 'Took';
    return {
      document: { ...outcome, refused, dryRun },
      lines: [
        `${verb} ${count(outcome.new, 'new recovery password')} into custody; ${outcome.known === 1 ? '1 was' : `${outcome.known} were`} already known.`,
      ],
      messages: [
        ...named.map((row) => `${row[0]!.toUpperCase()}${row.slice(1)}.`),
        ...(outcome.new > 0 && !dryRun
          ? [`Destroy ${list === '-' ? 'the list' : list}: it shows the passwords.`]
          : []),
      ],
    };
  },
});

function* recoveryPages(rows: readonly ListedRecovery[]): Generator<ListedRecovery[]> {
  let page: ListedRecovery[] = [];
  let length = 0;
  for (const row of rows) {
    const more = row.password.length + row.device.length + (row.id?.length ?? 0) + (row.serial?.length ?? 0);
    if (page.length === RECOVERIES_TOGETHER_MAX || (page.length > 0 && length + more > PAGE_LENGTH_MAX)) {
      yield page;
      page = [];
      length = 0;
    }
    page.push(row);
    length += more;
  }
  if (page.length > 0) yield page;
}

function namedRows(refused: RecoveryList['refused'], most: number): string[] {
  const named = refused.slice(0, most).map(({ line, because }) => `line ${line}: ${because}`);
  const rest = refused.length - named.length;
  return rest === 0 ? named : [...named, `and ${count(rest, 'more row')}`];
}
