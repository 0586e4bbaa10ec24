/** Where a PostgreSQL database is, as a person writes it. */
import { KeystairError } from '#domain/errors.ts';

export interface DatabaseHost {
  /** A name, an address, or the folder of a local socket. */
  readonly host: string;
  readonly port: number;
}

export interface DatabasePlace {
  /** Asked in this order; the one that can be written is the primary. */
  readonly hosts: readonly DatabaseHost[];
  readonly user: string;
  readonly database: string;
  readonly password: string | undefined;
  /** PEM of the authority that signed the certificates of the hosts; the system's authorities otherwise. */
  readonly ca: string | undefined;
}

const PORT_DEFAULT = 5432;
/** Three are usual; each is asked for a second and a half. */
const HOSTS_MAX = 8;
const FORM = /^postgres(?:ql)?:\/\/([^@/:]+)@([^/]+)\/([^/?#]+)$/;

/**
 * Reads `postgres://USER@HOST[:PORT][,HOST[:PORT]…]/NAME`. A folder as HOST is percent-encoded: `%2Frun%2Fpostgresql`.
 *
 * Throws `invalid-argument`; a password in it is refused, and not repeated.
 */
export function parseDatabasePlace(text: string): Pick<DatabasePlace, 'hosts' | 'user' | 'database'> {
  const match = FORM.exec(text);
  const hosts = match?.[2]?.split(',').map(readHost);
  if (match === null || hosts === undefined || hosts.length > HOSTS_MAX || hosts.includes(undefined)) {
    const hasPassword = /^postgres(?:ql)?:\/\/[^@/]*:[^@/]*@/.test(text);
    throw new KeystairError(
      'invalid-argument',
      hasPassword
        ? 'the address of the database holds a password, which every process list would show'
        : 'the address of the database is not of the form postgres://USER@HOST[,HOST…]/NAME',
      {
        nextStep: hasPassword
          ? 'leave the password out, and name a file that holds it as database.passwordFile in the configuration'
          : 'give it as postgres://keystair@db1.example,db2.example/keystair',
      },
    );
  }
  return {
    hosts: hosts as DatabaseHost[],
    user: decodeURIComponent(match[1]!),
    database: decodeURIComponent(match[3]!),
  };
}

function readHost(text: string): DatabaseHost | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const port = match[2] === undefined ? PORT_DEFAULT : Number(match[2]);
  if (port < 1 || port > 65_535) return undefined;
  return { host: decodeURIComponent(match[1]!.replace(/^\[|\]$/g, '')), port };
}

/** Without the user: for messages. */
export function shownPlace({ hosts, database }: Pick<DatabasePlace, 'hosts' | 'database'>): string {
  return `${database} at ${hosts.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
}
