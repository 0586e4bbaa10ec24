/**
 * The kinds of options a command may have. An option is data: its help, and one function that turns the given texts
 * into a value or throws a usage error. Nothing here reads a file or asks a server.
 */
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { nameRule, readName } from '#domain/name.ts';
import { readAddress } from '#transport/address.ts';
import { secondsFromText, secondsToText } from './durations.ts';
import { timeFromText } from './moments.ts';
import type { Places } from './places.ts';
import { UsageError } from './usage-error.ts';

export interface Option<T> {
  /** The value's placeholder in the help; null for a flag, which takes none. */
  readonly placeholder: string | null;
  readonly help: string;
  readonly required: boolean;
  readonly repeatable: boolean;
  /** Named by the contract but not served by this release: giving it is wrong usage that says so. */
  readonly notYet: boolean;
  /**
   * @param texts one text for every time the option was given; none for a flag.
   * @param other the text of another option of the command, where several say one thing.
   */
  readonly read: (
    texts: readonly string[],
    given: boolean,
    name: string,
    places: Places,
    other: (name: string) => string | undefined,
  ) => T;
}

export type Options = Readonly<Record<string, Option<unknown>>>;

export type OptionValues<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : never;
};

type ReadText<T> = (text: string, name: string) => T;

function optional<T>(placeholder: string, help: string, readText: ReadText<T>): Option<T | undefined> {
  return {
    placeholder,
    help,
    required: false,
    repeatable: false,
    notYet: false,
    read: (texts, _given, name) => (texts[0] === undefined ? undefined : readText(texts[0], name)),
  };
}

const asItIs: ReadText<string> = (text) => text;

export function flag(help: string): Option<boolean> {
  return {
    placeholder: null,
    help,
    required: false,
    repeatable: false,
    notYet: false,
    read: (_texts, given) => given,
  };
}

export function text(placeholder: string, help: string): Option<string | undefined> {
  return optional(placeholder, help, asItIs);
}

/** A directory that may be omitted where it can be found. */
export function place(help: string, find: (places: Places) => string): Option<string> {
  return { ...text('DIR', help), read: ([given], _given, _name, places) => given ?? find(places) };
}

/** The name of a server, a device or a drive. */
export function name(help: string, placeholder = 'NAME'): Option<string | undefined> {
  return remark(placeholder, help, NAME_LENGTH_MAX);
}

/** One line of text for others to read later. */
export function remark(placeholder: string, help: string, lengthMax: number): Option<string | undefined> {
  return optional(placeholder, help, (given, option) => {
    const read = readName(given, lengthMax);
    if ('fault' in read) {
      throw new UsageError(`--${option} ${read.fault}; it must be ${nameRule(lengthMax)}, and not blank`);
    }
    return read.name;
  });
}

/** The same option, but mandatory. */
export function required<T>(option: Option<T | undefined>): Option<T> {
  return {
    ...option,
    required: true,
    read: (...given) => {
      const value = option.read(...given);
      const [, , name] = given;
      if (value === undefined) throw new UsageError(`--${name} ${option.placeholder} is missing`);
      return value;
    },
  };
}

/** May be given any number of times; each adds one text. */
export function texts(placeholder: string, help: string): Option<readonly string[]> {
  return {
    placeholder,
    help,
    required: false,
    repeatable: true,
    notYet: false,
    read: (given) => given,
  };
}

export function choice<const C extends string>(choices: readonly C[], help: string): Option<C | undefined> {
  return optional(choices.join('|'), help, (given, name) => {
    const found = choices.find((one) => one === given);
    if (found === undefined)
      throw new UsageError(`--${name} must be ${choices.join(' or ')}, not '${given}'`);
    return found;
  });
}

/** `on` or `off`, as the console shows the same options. */
export function onOff(help: string): Option<boolean | undefined> {
  const { read, ...rest } = choice(['on', 'off'], help);
  return {
    ...rest,
    read: (...given) => {
      const chosen = read(...given);
      return chosen === undefined ? undefined : chosen === 'on';
    },
  };
}

/** Seconds, given as plain seconds or with a unit, within the limits of what is set. */
export function duration(
  placeholder: string,
  help: string,
  limits: { readonly secondsMin: number; readonly secondsMax: number },
): Option<number | undefined> {
  return optional(placeholder, help, (given, name) => {
    const seconds = secondsFromText(given);
    if (seconds === undefined) {
      throw new UsageError(
        `--${name} must be a whole number of seconds, or like 30s, 15m, 12h or 7d, not '${given}'`,
      );
    }
    if (seconds < limits.secondsMin || seconds > limits.secondsMax) {
      const { secondsMin, secondsMax } = limits;
      throw new UsageError(
        `--${name} must be from ${secondsToText(secondsMin)} to ${secondsToText(secondsMax)}, not '${given}'`,
      );
    }
    return seconds;
  });
}

/** A moment, as ISO 8601 in UTC. */
export function time(help: string): Option<string | undefined> {
  return optional('TIME', `${help}: like 2026-01-31, or 7d for seven days ago`, (given, name) => {
    const read = timeFromText(given, Date.now());
    if (read !== undefined) return read;
    throw new UsageError(
      `--${name} must be like 2026-01-31 or 2026-01-31T08:00:00Z, in UTC, or like 12h or 7d for so long ago, not '${given}'`,
    );
  });
}

export function number(
  placeholder: string,
  help: string,
  { min, max }: { readonly min: number; readonly max: number },
): Option<number | undefined> {
  return optional(placeholder, help, (given, name) => {
    const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not '${given}'`);
  });
}

/** `HOST:PORT`, with an IPv6 address in brackets; port 0 only where one may be picked. */
export function address(help: string, limits: { readonly portMin: 0 | 1 }): Option<string | undefined> {
  return optional('HOST:PORT', help, (given, name) => {
    const read = readAddress(given);
    if (read !== undefined && read.port >= limits.portMin) return given;
    throw new UsageError(
      `--${name} must be HOST:PORT with a port from ${limits.portMin} to 65535, not '${given}'`,
    );
  });
}

/**
 * Named by the contract, served by a later release.
 *
 * @param instead what to do until then.
 */
export function notYet(placeholder: string, help: string, instead: string): Option<undefined> {
  return {
    placeholder,
    help,
    required: false,
    repeatable: false,
    notYet: true,
    read: (_texts, given, name) => {
      if (!given) return undefined;
      throw new UsageError(`--${name} is not available in this release yet`, {
        code: 'not-available-yet',
        nextStep: instead,
      });
    },
  };
}
