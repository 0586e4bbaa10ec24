/** How statements are sent, and where devices are found. */
import type { PlacedRow } from './placed-row.ts';
import type { Answer, Value } from './session.ts';

/** Sends a statement; what it was about to change is changed when the answer is there. */
export type Send = (text: string, values?: readonly Value[]) => Promise<Answer>;

/** Keeps the state of a device that was not removed beside its last heartbeat; null for all others. */
export function placeDevices(send: Send, put: readonly PlacedRow[]): Promise<Answer>[] {
  const here: (readonly [id: string, state: string, group: string])[] = [];
  const gone: string[] = [];
  for (const {
    row: { kind, id },
    at: { place, state, group },
  } of put) {
    if (kind !== 'member') continue;
    if (place === 'device' && state !== null && group !== null) here.push([id, state, group]);
    else gone.push(id);
  }
  const sent: Promise<Answer>[] = [];
  if (here.length > 0) {
    sent.push(
      send(
        `INSERT INTO keystair.contacts (id, body, device_state, device_group)
         SELECT id, '{}', state, device_group FROM unnest($1::text[], $2::text[], $3::text[]) AS placed (id, state, device_group)
         ON CONFLICT (id) DO UPDATE SET device_state = excluded.device_state, device_group = excluded.device_group`,
        [here.map(([id]) => id), here.map(([, state]) => state), here.map(([, , group]) => group)],
      ),
    );
  }
  if (gone.length > 0) {
    sent.push(
      send(
        'UPDATE keystair.contacts SET device_state = NULL WHERE id = ANY($1::text[]) AND device_state IS NOT NULL',
        [gone],
      ),
    );
  }
  return sent;
}

/** Waits for all, then throws the first failure: nothing stays under way behind it. */
export async function all(sent: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(sent);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
