/** Finds the primary among the hosts of a database, and refuses one that would lose what it acknowledges. */
import { KeystairError } from '#domain/errors.ts';
import { explain, mayPass, unreachable } from './failure.ts';
import type { LastSeen } from './last-seen.ts';
import { type DatabasePlace, shownPlace } from './place.ts';
import { Session } from './session.ts';

const VERSION_MIN = 150_000;

const FACTS = `
  SELECT pg_is_in_recovery(), current_setting('server_version_num')::int, current_setting('fsync'),
    current_setting('full_page_writes'), current_setting('synchronous_commit'), current_setting('server_encoding'),
    (SELECT system_identifier::text FROM pg_control_system()),
    CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
    pg_backend_pid()
`;

/**
 * Connects to the first host that can be written.
 *
 * @param seen judges its past: of two that can be written, the older one is passed over.
 * Throws `database-unreachable`, `database-refused`, `database-unsafe`, `database-rolled-back`.
 */
export async function connectToPrimary(place: DatabasePlace, seen?: LastSeen): Promise<Session> {
  let last: unknown;
  let older: KeystairError | undefined;
  for (const host of place.hosts) {
    let session: Session | undefined;
    try {
      session = await Session.connect(place, host);
      const { rows } = await session.query(FACTS);
      const [inRecovery, version, fsync, fullPages, commit, encoding, system, timeline, process] = rows[0]!;
      if (process !== session.servedBy) throw pooled(place);
      if (inRecovery !== true) {
        requireSafe(place, { version: Number(version), fsync, fullPages, commit, encoding });
        const history = { system: String(system), timeline: Number.parseInt(String(timeline), 16) };
        const fault = seen?.faultOf(history);
        if (fault === undefined) {
          session.belongsTo(history);
          return session;
        }
        older = fault;
      }
      await session.end();
    } catch (error) {
      session?.cut();
      if (!mayPass(error)) throw explain(error, place);
      last = error;
    }
  }
  throw older ?? unreachable(place, last);
}

interface Facts {
  readonly version: number;
  readonly fsync: unknown;
  readonly fullPages: unknown;
  readonly commit: unknown;
  readonly encoding: unknown;
}

function requireSafe(place: DatabasePlace, { version, fsync, fullPages, commit, encoding }: Facts): void {
  const problem =
    (version < VERSION_MIN && `is PostgreSQL ${Math.floor(version / 10_000)}, older than 15`) ||
    (fsync !== 'on' && 'runs with fsync off') ||
    (fullPages !== 'on' && 'runs with full_page_writes off') ||
    unsafeCommit(commit) ||
    (encoding !== 'UTF8' && `is encoded in ${String(encoding)} and not in UTF8`);
  if (problem === false) return;
  throw new KeystairError('database-unsafe', `the database ${shownPlace(place)} ${problem}`, {
    nextStep: 'it would lose keys that were acknowledged; change that, and start again',
  });
}

/** It goes on over another instance after a failover, and nobody would ask that one what it has lost. */
function pooled(place: DatabasePlace): KeystairError {
  return new KeystairError(
    'database-unsafe',
    `a pooler of connections stands before the database ${shownPlace(place)}, and hides which instance answers`,
    {
      nextStep:
        'name PostgreSQL itself in database.url, all of its hosts, or a balancer that passes connections through, such as HAProxy',
    },
  );
}

/** What the setting says that makes it unsafe, else false. */
export function unsafeCommit(setting: unknown): string | false {
  if (setting === 'on' || setting === 'remote_apply') return false;
  return `runs with synchronous_commit ${String(setting)}`;
}
