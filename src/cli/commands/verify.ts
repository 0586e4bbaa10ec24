/** `keystair server verify`: checks everything a server keeps, and says where damaged keys can be recovered. */
import { KeystairError } from '#domain/errors.ts';
import type { VerifyAnswer } from '#protocol/people/people-answers.ts';
import type { Watch } from '#protocol/server-program.ts';
import { command, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { holdsServer } from '../data-directory.ts';
import { noticeWords, stepWords } from '../next-steps.ts';
import { flag, text } from '../options.ts';
import { createProgress, inRows } from '../progress.ts';
import { ok, problem, stateLine } from '../state-words.ts';
import { ADDRESSED_SERVER, count } from '../words.ts';

const clock = (): number => performance.now();

export const verify = command({
  summary: 'open every record and recompute every digest; works on a stopped server too',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    repair: flag('put damaged keys right: from their own rows, the primary, secondaries and receipts'),
    config: text('FILE', 'the configuration file of a stopped server, where its key file lies elsewhere'),
  },
  example: '--repair --data /var/lib/keystair',
  run: async (context, _values, { data, config, repair }) => {
    const progress = createProgress(context.terminal, 'Verifying', clock, inRows);
    const watch: Watch = { onProgress: progress.at, stop: context.stopSignal() };
    const report = await verifyAnywhere(context, { data, config, repair }, watch).finally(progress.end);
    return verifyOutcome(report, data);
  },
});

async function verifyAnywhere(
  context: Context,
  {
    data,
    config,
    repair,
  }: { readonly data: string; readonly config: string | undefined; readonly repair: boolean },
  watch: Watch,
): Promise<VerifyAnswer> {
  const client = await context.connect(data);
  try {
    return await client('verify', repair ? { repair: true } : {}, watch);
  } catch (error) {
    // A repair asks neighbours, which a stopped server cannot do.
    if (repair || !(error instanceof KeystairError) || error.code !== 'server-not-running') throw error;
    // Looking for a server must not make one.
    if (!holdsServer(data)) throw error;
    const { verifyOffline } = await context.serverProgram();
    return await verifyOffline(data, config, watch);
  }
}

function verifyOutcome(report: VerifyAnswer, data: string): Outcome {
  const found = count(report.problems.length, 'problem');
  const outcome: Outcome = {
    document: inCommands(report),
    lines: [
      ...mendedLines(report),
      stateLine(
        `${count(report.keys, 'key')} opened and checked, `,
        report.ok ? ok(found) : problem(found),
        ` ${report.repair === undefined ? 'found' : 'left'}.`,
      ),
      ...report.problems.map(noticeWords),
    ],
    messages: [
      ...(report.repair?.obstacles ?? []).map(
        (obstacle) => `In the way of the repair: ${noticeWords(obstacle)}.`,
      ),
      ...(report.repair?.waiting ?? []).map(
        ({ place, name, ...next }) =>
          `The ${place} ${name} ${place === 'primary' ? 'has more' : 'was asked'}: ${stepWords(next)}. Then verify again.`,
      ),
    ],
  };
  if (report.ok) return outcome;
  const failure = new KeystairError('data-damaged', `the verification found ${found}`, {
    nextStep: nextStepOf(report, data),
  });
  return { ...outcome, failure };
}

/** The report in the words of this surface: one sentence each. */
function inCommands({ problems, repair, ...report }: VerifyAnswer): object {
  return {
    ...report,
    problems: problems.map(noticeWords),
    ...(repair === undefined
      ? {}
      : {
          repair: {
            ...repair,
            waiting: repair.waiting.map(({ nextStep, step, ...who }) => ({
              ...who,
              nextStep: stepWords({ nextStep, step }),
            })),
            obstacles: repair.obstacles.map(noticeWords),
          },
        }),
  };
}

function mendedLines({ repair }: VerifyAnswer): string[] {
  if (repair === undefined) return [];
  const { moreMended = 0 } = repair;
  return [
    `${count(repair.mended.length + moreMended, 'key')} mended.`,
    ...repair.mended.map(
      ({ seq, id, from, name }) =>
        `  key ${id}, number ${seq}, ${from === 'here' ? 'from what is right in its row' : `from ${name ?? from}`}`,
    ),
    ...(moreMended === 0 ? [] : [`  and ${count(moreMended, 'key')} more`]),
  ];
}

const BACKUP = 'keep this data directory as it is, and restore a backup into an empty one';

function nextStepOf({ damaged, repair }: VerifyAnswer, data: string): string {
  if (damaged.length === 0) return BACKUP;
  if (repair === undefined)
    return `have the damaged keys again: keystair server verify --repair --data ${data}`;
  return `see what was in the way; an export that has the keys mends them, too: keystair keys import FILE --data ${data}; else ${BACKUP}`;
}
