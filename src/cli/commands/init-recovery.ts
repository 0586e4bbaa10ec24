/** `keystair server init-recovery`: gives out recovery shares, shown once or written into files, one for each holder. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { flush, flushFolder } from '#disk/flush.ts';
import { RECOVERY_SHARES_MAX } from '#domain/limits.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { command, type Outcome } from '../command.ts';
import { number, required, text } from '../options.ts';
import { UsageError } from '../usage-error.ts';
import { ASKED_SERVER, count } from '../words.ts';

interface ShareFile {
  readonly path: string;
  readonly handle: FileHandle;
}

export const initRecovery = command({
  summary: 'make recovery shares: any K of N holders can open the server when its other seals are lost',
  positionals: {},
  options: {
    ...ASKED_SERVER,
    shares: required(
      number('N', 'the number of holders, one share each', { min: 2, max: RECOVERY_SHARES_MAX }),
    ),
    threshold: required(number('K', 'the number of shares needed', { min: 2, max: RECOVERY_SHARES_MAX })),
    out: text('DIR', 'write each share to its own file in this directory, instead of showing them'),
  },
  example: '--shares 5 --threshold 3 --data /var/lib/keystair',
  check: (_values, { shares, threshold }) => {
    if (threshold > shares) throw new UsageError('--threshold is greater than --shares');
  },
  run: async (context, _values, { data: address, shares, threshold, out }) => {
    const client = await context.connect(address);
    const files = out === undefined ? [] : await makeShareFiles(out, shares);
    try {
      const answer = await client('initRecovery', { shares, threshold });
      const written = answer.shares.map((share, index) => shareText(answer, share, index + 1));
      if (out !== undefined) await writeShares(out, files, written);
      return recoveryOutcome(answer, written, out === undefined ? undefined : files.map(({ path }) => path));
    } catch (error) {
      await dropShareFiles(files);
      throw error;
    }
  },
});

function shareText(
  { set, threshold, shares }: PeopleAnswer<'initRecovery'>,
  share: string,
  at: number,
): string {
  return `# Keystair recovery share ${at} of ${shares.length}, set ${set}: any ${threshold} open the server\n${share}`;
}

/** Made before the server is asked: it gives shares only once, and by then the old set is gone. */
async function makeShareFiles(folder: string, shares: number): Promise<ShareFile[]> {
  const files: ShareFile[] = [];
  try {
    for (let at = 1; at <= shares; at += 1) {
      const path = join(folder, `share-${at}`);
      files.push({ path, handle: await open(path, 'wx', 0o600) });
    }
  } catch (error) {
    await dropShareFiles(files);
    throw error;
  }
  return files;
}

async function dropShareFiles(files: readonly ShareFile[]): Promise<void> {
  for (const { path, handle } of files) {
    await handle.close();
    await rm(path, { force: true });
  }
}

async function writeShares(
  folder: string,
  files: readonly ShareFile[],
  written: readonly string[],
): Promise<void> {
  for (const [index, { handle }] of files.entries()) {
    await handle.writeFile(`${written[index]}\n`);
    await flush(handle);
    await handle.close();
  }
  await flushFolder(folder);
}

function recoveryOutcome(
  answer: PeopleAnswer<'initRecovery'>,
  written: readonly string[],
  files: readonly string[] | undefined,
): Outcome {
  const { shares, ...rest } = answer;
  return {
    document: files === undefined ? answer : { ...rest, files },
    lines: files === undefined ? written.flatMap((share) => [...share.split('\n'), '']) : [...files],
    messages: [
      `Give each of the ${count(shares.length, 'share')} to a different holder, on paper. They are shown only once.`,
      `Any ${answer.threshold} of them open the server: keystair server unseal --shares`,
      ...(answer.replaced === null ? [] : [`The shares of set ${answer.replaced} no longer open anything.`]),
    ],
  };
}
