/**
 * Fills a database whole or not at all: what a migration and a restore do. Invariant: until `finish` has answered, every
 * start refuses the database.
 */
import { KeystairError } from '#domain/errors.ts';
import { type DatabasePlace, shownPlace } from './place.ts';
import type { Session } from './session.ts';
import { TABLE_NAMES } from './tables.ts';

/** Throws `data-damaged` where something that fills the database has not finished. */
export function refuseFilling(filling: string | null, place: DatabasePlace): void {
  if (filling === null) return;
  throw new KeystairError(
    'data-damaged',
    `${filling} into the database ${shownPlace(place)} was interrupted, or is still running`,
    { nextStep: 'run the same command again; nothing is served from it until it is whole' },
  );
}

/**
 * Marks the database as being filled by `what`. A broken-off filling by the same goes on.
 *
 * Throws `already-exists` where the database holds anything else.
 */
export async function beginFilling(session: Session, place: DatabasePlace, what: string): Promise<void> {
  const filling = await fillingOf(session);
  if (filling === what) return;
  if (filling !== null || !(await isEmpty(session))) {
    throw new KeystairError('already-exists', `the database ${shownPlace(place)} holds a repository`, {
      nextStep: 'nothing was changed; give a database without a schema named keystair',
    });
  }
  await session.query('UPDATE keystair.repository SET filling = $1', [what]);
}

/** From here on a server may start on it. */
export async function finishFilling(session: Session): Promise<void> {
  await session.query('UPDATE keystair.repository SET filling = NULL');
}

/** Removes what a broken-off filling had loaded; the mark stays. */
export async function emptyFilled(session: Session): Promise<void> {
  const tables = [...TABLE_NAMES, 'stages', 'groups'].map((name) => `keystair.${name}`);
  await session.query(`TRUNCATE ${tables.join(', ')}`);
}

async function fillingOf(session: Session): Promise<string | null> {
  const { rows } = await session.query('SELECT filling FROM keystair.repository');
  return (rows[0]?.[0] ?? null) as string | null;
}

/** Whether no repository is there: not even tables, or nothing in them. */
export async function holdsNothing(session: Session): Promise<boolean> {
  const { rows } = await session.query("SELECT to_regclass('keystair.repository') IS NULL");
  return rows[0]?.[0] === true || isEmpty(session);
}

async function isEmpty(session: Session): Promise<boolean> {
  const { rows } = await session.query(
    'SELECT 1 FROM keystair.trusted_rows UNION ALL SELECT 1 FROM keystair.keys UNION ALL SELECT 1 FROM keystair.audit LIMIT 1',
  );
  return rows.length === 0;
}
