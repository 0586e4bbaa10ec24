/** `keystair server verify`: checks everything a server keeps, and says where damaged keys can be recovered. */
import { KeystairError } from '#domain/errors.ts';
import type { VerifyAnswer } from '#protocol/people/people-answers.ts';
import type { Watch } from '#protocol/server-program.ts';
import { command, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { holdsServer } from '../data-directory.ts';
import { noticeWords, stepWords } from '../next-steps.ts';
import { flag, text } from '../options.ts';
import { addressOption, type ServerAddress } from '../places.ts';
import { createProgress, inRows } from '../progress.ts';
import { ok, problem, stateLine } from '../state-words.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, count } from '../words.ts';

const clock = (): number => performance.now();

export const verify = command({
  summary: 'open every record and recompute every digest; also works on a stopped server',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    repair: flag('repair damaged keys: from their own rows, the primary, secondaries and receipts'),
    config: text('FILE', 'the configuration file of a stopped server, if its key file is elsewhere'),
  },
  example: '--repair --data /var/lib/keystair',
  check: (_values, { data: { at }, config }) => {
    if (at === 'url' && config !== undefined)
      throw new UsageError('--config is for a stopped server, which is verified by --data DIR');
  },
  run: async (context, _values, { data: address, config, repair }) => {
    const progress = createProgress(context.terminal, 'Verifying', clock, inRows);
    const watch: Watch = { onProgress: progress.at, stop: context.stopSignal() };
    const report = await verifyAnywhere(context, address, { config, repair }, watch).finally(progress.end);
    return verifyOutcome(report, address);
  },
});

async function verifyAnywhere(
  context: Context,
  address: ServerAddress,
  { config, repair }: { readonly config: string | undefined; readonly repair: boolean },
  watch: Watch,
): Promise<VerifyAnswer> {
  const client = await context.connect(address);
  try {
    return await client('verify', repair ? { repair: true } : {}, watch);
  } catch (error) {
    // A repair asks neighbours, which a stopped server cannot do.
    if (repair || address.at === 'url') throw error;
    if (!(error instanceof KeystairError) || error.code !== 'server-not-running') throw error;
    // Looking for a server must not make one.
    if (!holdsServer(address.directory)) throw error;
    const { verifyOffline } = await context.serverProgram();
    return await verifyOffline(address.directory, config, watch);
  }
}

function verifyOutcome(report: VerifyAnswer, address: ServerAddress): Outcome {
  const found = count(report.problems.length, 'problem');
  const outcome: Outcome = {
    document: inCommands(report),
    lines: [
      ...repairedLines(report),
      stateLine(
        `${count(report.keys, 'key')} opened and checked, `,
        report.ok ? ok(found) : problem(found),
        ` ${report.repair === undefined ? 'found' : 'left'}.`,
      ),
      ...report.problems.map(noticeWords),
    ],
    messages: [
      ...(report.repair?.obstacles ?? []).map((obstacle) => `Blocking the repair: ${noticeWords(obstacle)}.`),
      ...(report.repair?.waiting ?? []).map(
        ({ place, name, ...next }) =>
          `The ${place} ${name} ${place === 'primary' ? 'has more' : 'was asked'}: ${stepWords(next)}. Then verify again.`,
      ),
    ],
  };
  if (report.ok) return outcome;
  const failure = new KeystairError('data-damaged', `the verification found ${found}`, {
    nextStep: nextStepOf(report, address),
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

function repairedLines({ repair }: VerifyAnswer): string[] {
  if (repair === undefined) return [];
  const { moreRepaired = 0 } = repair;
  return [
    `${count(repair.repaired.length + moreRepaired, 'key')} repaired.`,
    ...repair.repaired.map(
      ({ seq, id, from, name }) =>
        `  key ${id}, number ${seq}, ${from === 'here' ? 'from the intact part of its row' : `from ${name ?? from}`}`,
    ),
    ...(moreRepaired === 0 ? [] : [`  and ${count(moreRepaired, 'key')} more`]),
  ];
}

const BACKUP = 'keep this data directory as it is, and restore a backup into an empty one';

function nextStepOf({ damaged, repair }: VerifyAnswer, address: ServerAddress): string {
  if (damaged.length === 0) return BACKUP;
  if (repair === undefined)
    return `repair the damaged keys: keystair server verify --repair ${addressOption(address)}`;
  return `remove what blocked the repair; importing an export that has the keys also repairs them: keystair keys import FILE ${addressOption(address)}; otherwise ${BACKUP}`;
}
