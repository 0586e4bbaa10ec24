/** What `server status` tells of commits that a database lost. */
import type { LostRange } from '#domain/past-events.ts';
import { type Notice, step, warn } from '#domain/step.ts';
import type { Reader } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { readEpoch } from '../repository/settings.ts';

/** Long enough for whoever was away. */
const LOSS_TOLD_MS = 30 * 24 * 60 * 60 * 1000;

export async function lossWarnings(
  { rows, clock }: Pick<ServerPorts, 'rows' | 'clock'>,
  reader: Reader,
): Promise<Notice[]> {
  const epoch = await readEpoch(rows, reader);
  if (epoch?.lost === undefined || clock() - Date.parse(epoch.startedAt) > LOSS_TOLD_MS) return [];
  const [keys, lines] = [rangeOf(epoch.lost.keys), rangeOf(epoch.lost.lines)];
  return [
    warn(
      { name: 'commits-lost', details: { keys, lines, at: isoTime(Date.parse(epoch.startedAt)) } },
      `the database lost commits that it had acknowledged, as this server found at ${epoch.startedAt}: keys ${keys}, lines ${lines} of the audit log`,
      step('after-loss'),
    ),
  ];
}

/** The numbers, as people read them; `none` where nothing is missing. */
function rangeOf({ seen, kept }: LostRange): string {
  if (kept === seen) return 'none';
  return kept === null ? `up to ${seen}` : `${kept + 1} to ${seen}`;
}
