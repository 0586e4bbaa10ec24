/** `keystair server verify`: looks at everything a server keeps, and says where what is damaged can be had again. */
import { KeystairError } from '#domain/errors.ts';
import type { VerifyAnswer } from '#protocol/people-answers.ts';
import type { Watch } from '#protocol/people-client.ts';
import { command, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { text } from '../options.ts';
import { createProgress, inRows } from '../progress.ts';
import { ADDRESSED_SERVER, count } from '../words.ts';

const clock = (): number => performance.now();

export const verify = command({
  summary: 'open every record and recompute every digest; works on a stopped server too',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    config: text('FILE', 'the configuration file of a stopped server, where its key file lies elsewhere'),
  },
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data, config }) => {
    const progress = createProgress(context.terminal, 'Verifying', clock, inRows);
    const watch: Watch = { onProgress: progress.at, stop: context.stopSignal() };
    return verifyOutcome(await verifyAnywhere(context, data, config, watch).finally(progress.end));
  },
});

async function verifyAnywhere(
  context: Context,
  data: string,
  config: string | undefined,
  watch: Watch,
): Promise<VerifyAnswer> {
  const client = await context.connect(data);
  try {
    return await client('verify', {}, watch);
  } catch (error) {
    if (!(error instanceof KeystairError) || error.code !== 'server-not-running') throw error;
    const { verifyOffline } = await context.serverProgram();
    return await verifyOffline(data, config, watch);
  }
}

function verifyOutcome(report: VerifyAnswer): Outcome {
  const found = count(report.problems.length, 'problem');
  const outcome = {
    document: report,
    lines: [`${count(report.keys, 'key')} opened and checked, ${found} found.`, ...report.problems],
  };
  if (report.ok) return outcome;
  const failure = new KeystairError('data-damaged', `the verification found ${found}`, {
    nextStep: 'keep this data directory as it is, and restore a backup into an empty one',
  });
  return { ...outcome, failure };
}
