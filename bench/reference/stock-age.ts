/** Stock `age`, where it is installed: the same bytes encrypted to the same recipient. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Workplace } from '../workplace.ts';

const run = promisify(execFile);

/** Bytes a second of `age -e`, start and end of the process included; undefined where there is no `age`. */
export async function ageBytesASecond(
  workplace: Workplace,
  recipient: string,
  plaintext: { readonly file: string; readonly bytes: number },
): Promise<number | undefined> {
  const out = workplace.place('reference.age');
  const begun = performance.now();
  try {
    await run('age', ['--encrypt', '--recipient', recipient, '--output', out, plaintext.file]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const seconds = (performance.now() - begun) / 1000;
  await rm(out);
  return plaintext.bytes / seconds;
}
