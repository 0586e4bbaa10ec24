/** Which database a server uses, as its configuration and the command line say. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { exposureOf } from '#disk/guarded-secret.ts';
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
    password:
      passwordFile === undefined
        ? undefined
        : readNamed(passwordFile, 'database.passwordFile', PASSWORD_BYTES_MAX, true).replace(/\r?\n$/, ''),
    ca: caFile === undefined ? undefined : readNamed(caFile, 'database.caFile', CA_BYTES_MAX, false),
  };
}

function readNamed(path: string, name: string, bytesMax: number, isSecret: boolean): string {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const found = fstatSync(file);
    const exposed = isSecret ? exposureOf(path, found) : undefined;
    if (exposed !== undefined) {
      throw new KeystairError('password-exposed', `the file ${path} ${exposed.because}`, {
        nextStep: exposed.nextStep,
      });
    }
    if (found.size > bytesMax) throw notReadable(path, name, `it is longer than ${bytesMax} bytes`);
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof KeystairError) throw cause;
    throw notReadable(path, name, (cause as NodeJS.ErrnoException).code ?? 'unknown failure');
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function notReadable(path: string, name: string, because: string): KeystairError {
  return new KeystairError('invalid-argument', `the file ${path} cannot be read (${because})`, {
    nextStep: `check ${name} in the configuration`,
  });
}
