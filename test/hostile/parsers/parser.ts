/** One parser, and what is asked of it. */
import * as fc from 'fast-check';
import { KeystairError } from '#domain/errors.ts';
import { inputsLike } from './mutation.ts';

export interface Parser {
  readonly name: string;
  /** Inputs that it takes as they are. */
  readonly valid: readonly Buffer[];
  /** Reads; throws for what it refuses. */
  readonly read: (input: Buffer) => unknown;
  /** Failures that are its way to refuse, besides those with a code. */
  readonly refuses?: (error: unknown) => boolean;
  /** Of so many runs it does one, where one costs much. */
  readonly oneOf?: number;
}

/** Of processor time, so that a busy machine is no hang. */
const MICROSECONDS_MAX = 1_000_000;

/** A refusal with a code, or a value; never another failure, and never over a second. */
function judge({ read, refuses }: Parser, input: Buffer): void {
  const before = process.cpuUsage();
  try {
    read(input);
  } catch (error) {
    if (!(error instanceof KeystairError) && refuses?.(error) !== true) throw error;
  }
  const { user, system } = process.cpuUsage(before);
  if (user + system > MICROSECONDS_MAX) throw new Error(`it took ${(user + system) / 1000} ms`);
}

/** Returns what is wrong, or undefined; the input is the smallest that was found. */
export function tryParser(parser: Parser, runs: number, seed: number): string | undefined {
  for (const input of parser.valid) {
    try {
      parser.read(input);
    } catch (error) {
      return `${parser.name} refuses what is valid: ${String(error)}`;
    }
  }
  const property = fc.property(inputsLike(parser.valid), (input) => judge(parser, input));
  const found = fc.check(property, { numRuns: runs, seed });
  if (!found.failed) return undefined;
  const input = found.counterexample?.[0].toString('base64');
  return `${parser.name}, seed ${seed}: ${String(found.errorInstance)}; input (base64): ${input}`;
}
