/**
 * The tables of a repository in PostgreSQL, in a schema of their own. Invariant: a database of a newer format is refused
 * and left as it is; two processes that make the tables at once make them once.
 */
import { KeystairError } from '#domain/errors.ts';
import { type DatabasePlace, shownPlace } from './place.ts';
import { DatabaseFault, type Session } from './session.ts';

/** Raised with every change that an older program would misread. */
export const DATA_FORMAT = 1;

/**
 * Texts that order pages compare their bytes, as everywhere else. The row of `repository` is locked by every group and
 * hardly ever written: a counter that every group writes grows by a dead version each time, for as long as a backup reads.
 */
const TABLES = `
  CREATE TABLE keystair.repository (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), format integer NOT NULL,
    -- What fills it, until it is whole; no server starts on it meanwhile.
    filling text,
    -- Raised with what every process must hear of before it works on.
    change bigint NOT NULL DEFAULT 0
  ) WITH (fillfactor = 10);
  CREATE TABLE keystair.leases (
    name text PRIMARY KEY, holder uuid NOT NULL, fence bigint NOT NULL, until timestamptz NOT NULL
  ) WITH (fillfactor = 10);
  CREATE TABLE keystair.processes (
    id uuid PRIMARY KEY, address text, version text NOT NULL, state text NOT NULL, opens_with text[] NOT NULL,
    seen_change bigint NOT NULL, seen_at timestamptz NOT NULL
  ) WITH (fillfactor = 10);
  CREATE TABLE keystair.stages (import uuid PRIMARY KEY, process uuid NOT NULL);
  CREATE TABLE keystair.groups (id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp());
  CREATE INDEX groups_by_time ON keystair.groups (at);

  CREATE TABLE keystair.keys (
    seq bigint PRIMARY KEY, id uuid NOT NULL UNIQUE, digest bytea NOT NULL, chain bytea NOT NULL, device uuid NOT NULL,
    fields text COLLATE "C" NOT NULL, sealed bytea NOT NULL, received_from text NOT NULL, recorded_at bigint NOT NULL
  );
  CREATE INDEX keys_by_device ON keystair.keys (device, seq);
  CREATE TABLE keystair.staged_keys (
    import uuid NOT NULL, id uuid NOT NULL, digest bytea NOT NULL, device uuid NOT NULL, fields text NOT NULL,
    sealed bytea NOT NULL, recorded_at bigint NOT NULL, PRIMARY KEY (import, id)
  );
  CREATE TABLE keystair.trusted_rows (
    kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, body text NOT NULL, mac bytea NOT NULL,
    place text COLLATE "C", sort_name text COLLATE "C", state text COLLATE "C", device_group text COLLATE "C",
    PRIMARY KEY (kind, id)
  );
  CREATE INDEX members_by_name ON keystair.trusted_rows (place, sort_name, id, state) WHERE kind = 'member';
  -- The group first: a list of some groups reads nothing of the others.
  CREATE INDEX devices_by_group ON keystair.trusted_rows (device_group, sort_name, id, state)
    WHERE kind = 'member' AND place = 'device';
  CREATE TABLE keystair.cursors (
    member text COLLATE "C" NOT NULL, epoch text COLLATE "C" NOT NULL, rank bigint NOT NULL, seq bigint NOT NULL,
    chain bytea NOT NULL, PRIMARY KEY (member, epoch)
  );
  CREATE TABLE keystair.refused_keys (
    member text COLLATE "C" NOT NULL, epoch text COLLATE "C" NOT NULL, seq bigint NOT NULL, key_id text NOT NULL,
    reason text NOT NULL, at bigint NOT NULL, PRIMARY KEY (member, epoch, seq)
  );
  CREATE TABLE keystair.contacts (
    id text COLLATE "C" PRIMARY KEY, last_heartbeat_at bigint, body text NOT NULL, device_state text COLLATE "C",
    device_group text COLLATE "C" NOT NULL DEFAULT '',
    heard_at bigint GENERATED ALWAYS AS (coalesce(last_heartbeat_at, -1)) STORED
  ) WITH (fillfactor = 80);
  CREATE INDEX devices_by_silence ON keystair.contacts (device_group, heard_at, id, device_state) WHERE device_state IS NOT NULL;
  CREATE TABLE keystair.receipts (seq bigint NOT NULL, device uuid NOT NULL, PRIMARY KEY (seq, device));
  CREATE TABLE keystair.receipt_totals (device uuid PRIMARY KEY, count bigint NOT NULL, digest bytea NOT NULL);
  CREATE TABLE keystair.audit (seq bigint PRIMARY KEY, event text NOT NULL, chain bytea NOT NULL, mac bytea NOT NULL);
  CREATE TABLE keystair.audit_tiles (
    level bigint NOT NULL, n bigint NOT NULL, hashes bytea NOT NULL, PRIMARY KEY (level, n)
  );
  INSERT INTO keystair.repository (format) VALUES (${DATA_FORMAT});
`;

const UNDEFINED_TABLE = '42P01';
/** Another process made the same a moment before. */
const MADE_MEANWHILE: ReadonlySet<string> = new Set(['42P06', '42P07', '23505']);

/** Makes the tables where there are none. Throws `data-newer`. */
export async function ensureSchema(session: Session, place: DatabasePlace): Promise<void> {
  const format = (await formatOf(session)) ?? (await makeTables(session));
  if (format <= DATA_FORMAT) return;
  throw new KeystairError(
    'data-newer',
    `the database ${shownPlace(place)} was written by a newer release (data format ${format}; this one supports ${DATA_FORMAT})`,
    { nextStep: 'nothing was changed; run the newer release that wrote it' },
  );
}

async function formatOf(session: Session): Promise<number | undefined> {
  try {
    const { rows } = await session.query('SELECT format FROM keystair.repository');
    return Number(rows[0]?.[0]);
  } catch (error) {
    if (error instanceof DatabaseFault && error.code === UNDEFINED_TABLE) return undefined;
    throw error;
  }
}

async function makeTables(session: Session): Promise<number> {
  try {
    // One message is one transaction: all of them, or none.
    await session.script(`CREATE SCHEMA IF NOT EXISTS keystair; ${TABLES}`);
  } catch (error) {
    if (!(error instanceof DatabaseFault && MADE_MEANWHILE.has(error.code))) throw error;
  }
  return (await formatOf(session)) ?? DATA_FORMAT;
}
