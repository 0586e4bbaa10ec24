/** What an error of PostgreSQL means for a repository, and its sentence for a person. Codes: PostgreSQL, appendix A. */
import { KeystairError } from '#domain/errors.ts';
import { type DatabasePlace, shownPlace } from './place.ts';
import { DatabaseFault } from './session.ts';

/** `gone`: not a primary any more, or no connection; another try may find one. */
type Failure = 'gone' | 'full' | 'refused' | 'untrusted' | 'invariant' | 'other';

const SYSTEM_GONE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);

function failureOf({ code, message }: DatabaseFault): Failure {
  if (code === '' && CONNECTION_WORDS.test(message)) return 'gone';
  if (SYSTEM_GONE.has(code)) return 'gone';
  // Connection, shutdown, read-only, locks and statements that took too long, too many connections.
  if (/^(08|57P|57014|25006|25P0[34]|55P03|40|53300)/.test(code)) return 'gone';
  if (code === '53100') return 'full';
  if (/^(28|3D|42501)/.test(code)) return 'refused';
  if (/^(ERR_TLS|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO)/.test(code)) return 'untrusted';
  if (code.startsWith('23')) return 'invariant';
  return 'other';
}

/** The driver's own errors have no code. */
const CONNECTION_WORDS = /connection|timeout|not queryable|closed/i;

/** Whether another connection, a moment later, may succeed. */
export function mayPass(error: unknown): boolean {
  return error instanceof DatabaseFault && failureOf(error) === 'gone';
}

/** The error as a person should see it. What is not the database's stays as it is. */
export function explain(error: unknown, place: DatabasePlace): unknown {
  if (!(error instanceof DatabaseFault)) return error;
  const where = shownPlace(place);
  const said = error.message;
  switch (failureOf(error)) {
    case 'gone':
      return unreachable(place, error);
    case 'full':
      return new KeystairError('disk-full', 'the disk of the database is full', {
        nextStep: 'free space there; nothing was recorded meanwhile',
        cause: error,
      });
    case 'refused':
      return new KeystairError('database-refused', `the database ${where} refuses this server (${said})`, {
        nextStep: 'check the user, its password file and its rights there, and pg_hba.conf',
        cause: error,
      });
    case 'untrusted':
      return new KeystairError(
        'database-refused',
        `the certificate of the database ${where} is not trusted (${said})`,
        {
          nextStep: 'name the authority that signed it as database.caFile in the configuration',
          cause: error,
        },
      );
    case 'invariant':
      return new Error(`broken invariant: ${said}`, { cause: error });
    case 'other':
      return error;
  }
}

/** What a caller is told of a database that was lost while the server runs. */
export function lostDatabase(cause: unknown): KeystairError {
  return new KeystairError('database-unreachable', 'the database of this server does not answer', {
    nextStep: 'try again in a moment; if it lasts, the log of the server says why',
    cause,
  });
}

export function unreachable(place: DatabasePlace, cause: unknown): KeystairError {
  const said = cause instanceof Error ? ` (${cause.message})` : '';
  return new KeystairError(
    'database-unreachable',
    `no primary of the database ${shownPlace(place)} answers${said}`,
    { nextStep: 'try again in a moment; if it lasts, look at the database and the way to it', cause },
  );
}
