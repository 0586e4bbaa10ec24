/** A file that comes through a pipe, held back in the middle: what reads it can be looked at, and does not go on. */
import { execFileSync } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';

export interface HeldPipe {
  /** Resolves when all that is not held back was taken out of the pipe, but for what fits into it. */
  readonly taken: Promise<void>;
  /** Lets the rest through. */
  readonly finish: () => void;
}

/** Makes the pipe, and holds the file back behind so many of its bytes. */
export function holdBack(file: string, pipe: string, bytes: number): HeldPipe {
  execFileSync('mkfifo', [pipe]);
  const whole = readFileSync(file);
  const writer = createWriteStream(pipe);
  writer.on('error', () => undefined);
  const taken = Promise.withResolvers<void>();
  writer.write(whole.subarray(0, bytes), () => taken.resolve());
  return { taken: taken.promise, finish: () => void writer.end(whole.subarray(bytes)) };
}
