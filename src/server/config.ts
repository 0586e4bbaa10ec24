/**
 * The server's configuration: the command line overrides the file, which overrides the defaults. It is parsed once,
 * frozen, and handed down. Unknown names in the file are errors. Secrets are given as paths.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { JsonOutOfBounds, parseJson } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';
import { REQUEST_JSON } from '#domain/json-bounds.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { CONFIG_BYTES_MAX, PATH_LENGTH_MAX } from '#domain/message-limits.ts';
import { nameRule, readName } from '#domain/name.ts';
import type { ServerOptions } from '#protocol/server-program.ts';
import { type Fault, faultWords, formed, STOPS, text, whole } from '#protocol/forms.ts';
import { type Address, isWildcard, parseAddress } from '#transport/address.ts';
import { type ConsoleConfig, ConsoleForm, consoleOf } from './console-config.ts';
import { AuditForm, forwardingOf, type ForwardSettings } from './forwarding-config.ts';
import { type DatabaseConfig, DatabaseForm, databaseOf } from './database-config.ts';
import { type NoticeSettings, NoticesForm, noticesOf } from './notice-config.ts';
import { PeopleForm, providersOf } from './people-config.ts';
import type { ProviderSettings } from './people/provider-settings.ts';
import type { SealPlaces } from './seals/auto-unseal.ts';
import { type Budgets, BUDGETS_DEFAULT } from './members/member-budgets.ts';

/** Zero would shut a member out; removing it does so plainly. */
const amount = (defaultValue: number) => whole(1).default(defaultValue);
const Path = text(PATH_LENGTH_MAX, 1);

const ConfigFile = z.strictObject({
  name: text(NAME_LENGTH_MAX)
    .refine((name) => 'name' in readName(name), { ...STOPS, message: `must be ${nameRule()}` })
    .optional(),
  listen: text(NAME_LENGTH_MAX).optional(),
  address: text(NAME_LENGTH_MAX).optional(),
  /** Where people reach the server over the network; without it only the data directory's socket serves them. */
  console: ConsoleForm.optional(),
  /** How people sign in. */
  people: PeopleForm.optional(),
  /** Whom to tell that an approval is wanted. */
  notices: NoticesForm.optional(),
  /** Where the audit log is forwarded to. */
  audit: AuditForm.optional(),
  /** A PostgreSQL database, in place of the embedded one. */
  database: DatabaseForm.optional(),
  /** The key file of the root key; best on another disk than the database. */
  rootKeyFile: Path.optional(),
  /** The module that speaks to a token, and a file with its PIN if the server is to start without a person. */
  pkcs11: z.strictObject({ module: Path, pinFile: Path.optional() }).optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).optional(),
  /** What one member may do in an hour. Beyond it the answer is `later`. */
  budgets: z
    .strictObject({
      heartbeatsAnHour: amount(BUDGETS_DEFAULT.heartbeatsAnHour),
      deviceCallsAnHour: amount(BUDGETS_DEFAULT.deviceCallsAnHour),
      deviceRecordsAnHour: amount(BUDGETS_DEFAULT.deviceRecordsAnHour),
      deviceBytesAnHour: amount(BUDGETS_DEFAULT.deviceBytesAnHour),
      secondaryCallsAnHour: amount(BUDGETS_DEFAULT.secondaryCallsAnHour),
      secondaryRecordsAnHour: amount(BUDGETS_DEFAULT.secondaryRecordsAnHour),
      secondaryBytesAnHour: amount(BUDGETS_DEFAULT.secondaryBytesAnHour),
    })
    .prefault({}),
});

export interface ServerConfig extends SealPlaces {
  readonly dataDirectory: string;
  /** Undefined: keep the server's name; a new server is named after the machine. */
  readonly name: string | undefined;
  readonly listen: Address;
  /** The address that invitations carry; undefined: where it listens. */
  readonly address: string | undefined;
  readonly console: ConsoleConfig | undefined;
  readonly providers: readonly ProviderSettings[];
  readonly notices: NoticeSettings;
  readonly forwarding: readonly ForwardSettings[];
  readonly database: DatabaseConfig | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly budgets: Budgets;
  /** The file this came from. */
  readonly configFile: string | undefined;
}

/** Safe until configured otherwise: this machine only. */
const LISTEN_DEFAULT = '127.0.0.1:0';

export function readConfig(options: ServerOptions): ServerConfig {
  const file = options.config === undefined ? ConfigFile.parse({}) : readFile(options.config);
  const dataDirectory = resolve(options.data);
  const listen = parseAddress(options.listen ?? file.listen ?? LISTEN_DEFAULT);
  const address = options.address ?? file.address;
  if (address !== undefined) parseAddress(address);
  if (address === undefined && isWildcard(listen)) {
    throw new KeystairError(
      'invalid-argument',
      `${listen.host} means every address of this machine, and nothing can connect to that`,
      {
        nextStep: 'give the address that devices and secondaries connect to with --address HOST:PORT',
      },
    );
  }
  return Object.freeze({
    dataDirectory,
    name: (options.name ?? file.name)?.normalize('NFC'),
    listen,
    address,
    console: consoleOf(options.console, file.console, address),
    providers: providersOf(file.people),
    notices: noticesOf(file.notices),
    forwarding: forwardingOf(file.audit),
    database: databaseOf(options.database, file.database),
    ...sealPlaces(file, dataDirectory),
    logLevel: file.logLevel ?? 'info',
    budgets: file.budgets,
    configFile: options.config === undefined ? undefined : resolve(options.config),
  });
}

function sealPlaces(
  file: Pick<z.infer<typeof ConfigFile>, 'rootKeyFile' | 'pkcs11'>,
  dataDirectory: string,
): SealPlaces {
  const { rootKeyFile, pkcs11 } = file;
  return {
    rootKeyFile: rootKeyFile === undefined ? join(dataDirectory, 'root.key') : resolve(rootKeyFile),
    pkcs11:
      pkcs11 === undefined
        ? undefined
        : {
            module: resolve(pkcs11.module),
            pinFile: pkcs11.pinFile === undefined ? undefined : resolve(pkcs11.pinFile),
          },
  };
}

/**
 * Reads the places again from the file: seals change on a running server, and the next start must find the new ones.
 *
 * @param path another file than the one the server was started with.
 */
export function rereadSealPlaces(config: ServerConfig, path = config.configFile): SealPlaces {
  return sealPlaces(path === undefined ? {} : readFile(path), config.dataDirectory);
}

export function defaultName(): string {
  const read = readName(hostname());
  return 'name' in read ? read.name : 'server';
}

/** Reads no more than is accepted: a path given by mistake may be a disk, or never end. */
function readBounded(path: string): string {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(CONFIG_BYTES_MAX + 1);
    let size = 0;
    for (let read = -1; read !== 0 && size < bytes.length; size += read) {
      read = readSync(descriptor, bytes, size, bytes.length - size, null);
    }
    return bytes.toString('utf8', 0, size);
  } finally {
    closeSync(descriptor);
  }
}

function readFile(path: string): z.infer<typeof ConfigFile> {
  let text: string;
  try {
    // Windows editors put a byte order mark before it.
    text = readBounded(path).replace(/^\ufeff/, '');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const missing = code === 'ENOENT';
    throw new KeystairError(
      missing ? 'not-found' : 'invalid-argument',
      missing
        ? `there is no configuration file ${path}`
        : `the configuration file ${path} cannot be read (${code ?? 'unknown failure'})`,
      { nextStep: 'check the path and its permissions', cause },
    );
  }
  let value: unknown;
  try {
    value = parseJson(text, { ...REQUEST_JSON, length: CONFIG_BYTES_MAX });
  } catch (cause) {
    throw new KeystairError(
      'invalid-argument',
      cause instanceof JsonOutOfBounds
        ? `the configuration file ${path} has ${cause.message}`
        : `the configuration file ${path} is not JSON`,
      {
        nextStep: 'check its syntax, for instance with `jq`',
        cause,
      },
    );
  }
  const parsed = formed(ConfigFile, value);
  if (parsed.ok) return parsed.value;
  throw new KeystairError(
    'invalid-argument',
    `the configuration file ${path} has ${whatIsWrong(parsed.fault)}`,
    {
      nextStep: `the known names are ${Object.keys(ConfigFile.shape).join(', ')}`,
    },
  );
}

function whatIsWrong(fault: Fault): string {
  if (fault.code === 'unrecognized_keys') return `the unknown name ${fault.keys.join(', ')}`;
  return `a wrong value for ${faultWords(fault, 'its content')}`;
}
