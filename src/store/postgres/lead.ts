/**
 * The right of one process to do what must be done once: a row with its holder, until when, and a number that rises with
 * each new holder. Invariant: a write under it reads the row in its transaction, and a new holder waits for that.
 */
import { KeystairError } from '#domain/errors.ts';
import type { Send } from './send-rows.ts';
import type { Session } from './session.ts';

/** After that long without a renewal, another process may lead. */
const LEAD_SECONDS = 10;
const UNTIL = `clock_timestamp() + interval '${LEAD_SECONDS} seconds'`;

/** Takes it where it is free: its holder ended, or has not renewed it. @returns whether this process leads. */
export async function takeLead(session: Session, process: string): Promise<boolean> {
  const { rows } = await session.query(
    `INSERT INTO keystair.leases (name, holder, fence, until) VALUES ('lead', $1, 1, ${UNTIL})
     ON CONFLICT (name) DO UPDATE SET holder = $1, fence = leases.fence + 1, until = ${UNTIL}
     WHERE leases.until < clock_timestamp()
       OR NOT EXISTS (SELECT 1 FROM keystair.processes WHERE id = leases.holder)
     RETURNING fence`,
    [process],
  );
  return rows.length > 0;
}

/** @returns whether this process still leads; one that was late does, where nobody took over. */
export async function renewLead(session: Session, process: string): Promise<boolean> {
  const { count } = await session.query(
    `UPDATE keystair.leases SET until = ${UNTIL} WHERE name = 'lead' AND holder = $1`,
    [process],
  );
  return count > 0;
}

export async function giveLeadBack(session: Session, process: string): Promise<void> {
  await session.query(
    "UPDATE keystair.leases SET until = clock_timestamp() WHERE name = 'lead' AND holder = $1",
    [process],
  );
}

/** In the transaction of a write that only the leader may make. Throws `interrupted`. */
export async function requireLead(send: Send, process: string): Promise<void> {
  const { rows } = await send("SELECT holder FROM keystair.leases WHERE name = 'lead' FOR SHARE", []);
  if (rows[0]?.[0] !== process) throw ledElsewhere();
}

export function ledElsewhere(): KeystairError {
  return new KeystairError('interrupted', 'another process of this server does this now', {
    nextStep: 'nothing to do: it goes on with what is left',
  });
}
