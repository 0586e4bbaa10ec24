/** Which database a server uses, as its configuration and the command line say. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { NamedFileFault, readGuardedSecret, readOpenFile } from '#disk/named-file.ts';
import { KeystairError } from '#domain/errors.ts';
import { PATH_LENGTH_MAX } from '#domain/message-limits.ts';
import { text } from '#protocol/forms.ts';
import { type DatabasePlace, parseDatabasePlace } from '#store/postgres/place.ts';

/** Several hosts, a user and a name. */
const URL_LENGTH_MAX = 2048;
/** A password file of PostgreSQL's own would be read as one password. */
const PASSWORD_BYTES_MAX = 1024;
/** A certificate chain of an authority is a few kB. */
const CA_BYTES_MAX = 64 * 1024;
const Path = text(PATH_LENGTH_MAX, 1);

export const DatabaseForm = z.strictObject({
  url: text(URL_LENGTH_MAX, 1).optional(),
  /** Holds nothing but the password. */
  passwordFile: Path.optional(),
  /** PEM of the authority that signed the certificates of the hosts. */
  caFile: Path.optional(),
});

export interface DatabaseConfig {
  readonly url: string;
  readonly passwordFile: string | undefined;
  readonly caFile: string | undefined;
}

/** Undefined: the embedded database in the data directory. Throws `invalid-argument`. */
export function databaseOf(
  option: string | undefined,
  file: z.infer<typeof DatabaseForm> | undefined,
): DatabaseConfig | undefined {
  const url = option ?? file?.url;
  if (url === undefined) return undefined;
  parseDatabasePlace(url);
  const placed = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(path);
  return { url, passwordFile: placed(file?.passwordFile), caFile: placed(file?.caFile) };
}

/** Reads the files that it names. Throws `password-exposed`, `invalid-argument`. */
export function readDatabasePlace({ url, passwordFile, caFile }: DatabaseConfig): DatabasePlace {
  return {
    ...parseDatabasePlace(url),
    password: readAs('passwordFile', passwordFile, readGuardedSecret, PASSWORD_BYTES_MAX),
    ca: readAs('caFile', caFile, readOpenFile, CA_BYTES_MAX),
  };
}

function readAs(
  name: string,
  path: string | undefined,
  reader: typeof readOpenFile,
  bytesMax: number,
): string | undefined {
  try {
    return path === undefined ? undefined : reader(path, bytesMax);
  } catch (cause) {
    throw faultOf(name, path!, cause);
  }
}

function faultOf(name: string, path: string, cause: unknown): unknown {
  if (!(cause instanceof NamedFileFault)) return cause;
  const { because, exposed } = cause;
  const nextStep = exposed?.nextStep ?? `check database.${name} in the configuration`;
  const code = exposed === undefined ? 'invalid-argument' : 'password-exposed';
  return new KeystairError(code, `the file ${path} ${because}`, { nextStep, cause });
}
