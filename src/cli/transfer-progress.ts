/** The bytes of a file on their way, counted for whoever watches. */
import type { Progress } from './progress.ts';

export async function* counted(
  source: AsyncIterable<Uint8Array>,
  of: number | undefined,
  progress: Progress,
): AsyncGenerator<Uint8Array, void, undefined> {
  let done = 0;
  try {
    for await (const block of source) {
      done += block.length;
      progress.at(done, of);
      yield block;
    }
  } finally {
    progress.end();
  }
}
