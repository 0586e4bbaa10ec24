/**
 * The server's configuration: command line over file over defaults, parsed once, frozen, handed down. Unknown names in
 * the file are errors. Secrets are given as paths.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { KeystairError } from '#domain/errors.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { isName, NAME_RULE } from '#domain/name.ts';
import { type Address, parseAddress } from '#transport/address.ts';
import { type Budgets, BUDGETS_DEFAULT } from './budget.ts';

/** Zero would shut a member out; removing it says so plainly. */
const amount = (otherwise: number) => z.int().min(1).default(otherwise);

const ConfigFile = z.strictObject({
  name: z.string().refine(isName, `must be ${NAME_RULE}`).optional(),
  listen: z.string().optional(),
  address: z.string().optional(),
  /** Where the key file of the root key lies; best on another disk than the database. */
  rootKeyFile: z.string().optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).optional(),
  /** What one member may bring in an hour; above it the answer is "later". */
  budgets: z
    .strictObject({
      deviceRecordsAnHour: amount(BUDGETS_DEFAULT.deviceRecordsAnHour),
      deviceBytesAnHour: amount(BUDGETS_DEFAULT.deviceBytesAnHour),
      secondaryRecordsAnHour: amount(BUDGETS_DEFAULT.secondaryRecordsAnHour),
      secondaryBytesAnHour: amount(BUDGETS_DEFAULT.secondaryBytesAnHour),
    })
    .prefault({}),
});

/** As the command line gives them. */
export interface ServerOptions {
  readonly data: string;
  readonly name?: string | undefined;
  readonly listen?: string | undefined;
  readonly address?: string | undefined;
  readonly console?: string | undefined;
  readonly database?: string | undefined;
  readonly config?: string | undefined;
}

export interface ServerConfig {
  readonly dataDirectory: string;
  /** Undefined: keep the name the server has; a new one is called after the machine. */
  readonly name: string | undefined;
  readonly listen: Address;
  /** What invitations carry; undefined: where it listens. */
  readonly address: string | undefined;
  readonly rootKeyFile: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly budgets: Budgets;
}

/** Safe until somebody says otherwise: this machine only. */
const LISTEN_DEFAULT = '127.0.0.1:0';
const WILDCARDS = new Set(['0.0.0.0', '::', '*']);

export function readConfig(options: ServerOptions): ServerConfig {
  if (options.database !== undefined) {
    throw new KeystairError(
      'not-available-yet',
      'a PostgreSQL database is not available in this release yet',
      {
        nextStep: 'start without --database: the embedded one is used',
      },
    );
  }
  const file = options.config === undefined ? ConfigFile.parse({}) : readFile(options.config);
  const dataDirectory = resolve(options.data);
  const listen = parseAddress(options.listen ?? file.listen ?? LISTEN_DEFAULT);
  const address = options.address ?? file.address;
  if (address !== undefined) parseAddress(address);
  if (address === undefined && WILDCARDS.has(listen.host)) {
    throw new KeystairError(
      'invalid-argument',
      `${listen.host} is every address of this machine, which no one can dial`,
      {
        nextStep: 'say with --address HOST:PORT under which one devices and secondaries reach it',
      },
    );
  }
  return Object.freeze({
    dataDirectory,
    name: options.name ?? file.name,
    listen,
    address,
    rootKeyFile: file.rootKeyFile === undefined ? join(dataDirectory, 'root.key') : resolve(file.rootKeyFile),
    logLevel: file.logLevel ?? 'info',
    budgets: file.budgets,
  });
}

export function defaultName(): string {
  return hostname().slice(0, NAME_LENGTH_MAX) || 'server';
}

function readFile(path: string): z.infer<typeof ConfigFile> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const missing = code === 'ENOENT';
    throw new KeystairError(
      missing ? 'not-found' : 'invalid-argument',
      missing
        ? `there is no configuration file ${path}`
        : `the configuration file ${path} cannot be read (${code ?? 'unknown failure'})`,
      { nextStep: 'check the path, and who may read it', cause },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new KeystairError('invalid-argument', `the configuration file ${path} is not JSON`, {
      nextStep: 'check its syntax, for instance with `jq`',
      cause,
    });
  }
  const parsed = ConfigFile.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new KeystairError(
    'invalid-argument',
    `the configuration file ${path} has ${whatIsWrong(parsed.error.issues[0])}`,
    {
      nextStep: `names it may have: ${Object.keys(ConfigFile.shape).join(', ')}`,
    },
  );
}

function whatIsWrong(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'a fault';
  if (issue.code === 'unrecognized_keys') return `the unknown name ${issue.keys.join(', ')}`;
  const where = issue.path.length === 0 ? 'its content' : issue.path.join('.');
  return `a wrong value for ${where}: ${issue.message}`;
}
