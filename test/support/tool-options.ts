/**
 * What the project's own tools are told: arguments that are wrong are refused in one line with exit 2, as the product
 * does. Invariant: nothing is begun before all of them were read.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** Arguments and all that is read of them, before anything is begun. */
export function readingArguments<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    process.stderr.write(`${(error as Error).message.split('\n')[0]}\n`);
    process.exit(2);
  }
}

type Texts = Readonly<Record<string, string | boolean | undefined>>;

/** The options as they were given. Throws what does not fit the table. */
export function textsOf<const O extends NonNullable<ParseArgsConfig['options']>>(options: O) {
  return parseArgs({ options }).values;
}

/** Undefined where it was not given. */
export function wholeNumber(
  values: Texts,
  name: string,
  { min = 0, max = 999_999_999 }: { readonly min?: number; readonly max?: number } = {},
): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new Error(`--${name} is a whole number from ${min} to ${max}, not '${text}'`);
}

/** Seconds, as in `480s`, in milliseconds; without end where they are not given. */
export function budgetMs(values: Texts): number {
  return secondsMs(values, 'budget');
}

/** The same of another option. */
export function secondsMs(values: Texts, name: string): number {
  const text = values[name];
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (typeof text === 'string' && /^[1-9]\d{0,6}s?$/.test(text)) return 1000 * Number.parseInt(text, 10);
  throw new Error(`--${name} is a number of seconds, as in 480s, not '${text}'`);
}

export function oneOf<T extends string>(values: Texts, name: string, all: readonly T[]): T | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const found = all.find((one) => one === text);
  if (found !== undefined) return found;
  throw new Error(`--${name} is one of ${all.join(', ')}, not '${text}'`);
}
