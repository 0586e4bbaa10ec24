/**
 * Recovers keys, at the secondary: asks the primary which keys it has from here, and then for those that are missing
 * here. Known keys stay as they are, so a run that broke off continues where it stopped when it is started again.
 *
 * Invariants: the event that a recovery begins is durable before anything is asked; what arrives is checked against its
 * id, and is recorded in a transaction in which the link to that primary is still open.
 */
import { REPORT_NAMES_MAX } from '#domain/message-limits.ts';
import type { Caller } from '#domain/right.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { CallLife } from '../../environment/call-life.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { recordKeys } from '../../records/record-keys.ts';
import {
  type RequestRecoveryPorts,
  requireOpenLink,
  requireStillOpen,
  fetchKeys,
  listRecoverable,
} from './request-recovery.ts';
import { toHex } from '#domain/hex.ts';
import type { PrimaryRow } from '../primary/primary-row.ts';

type Report = PeopleAnswer<'recoverFromPrimary'>;

/** Keys that did not come back: this many are named and the rest are counted, however many the primary lists. */
class KeysLeft {
  readonly #named: { id: string; reason: string }[] = [];
  #more = 0;

  put(id: string, reason: string): void {
    if (this.#named.length < REPORT_NAMES_MAX) this.#named.push({ id, reason });
    else this.#more += 1;
  }

  report(): Pick<Report, 'notGiven' | 'moreNotGiven'> {
    return { notGiven: this.#named, ...(this.#more === 0 ? {} : { moreNotGiven: this.#more }) };
  }
}

export async function recoverFromPrimary(
  ports: RequestRecoveryPorts,
  caller: Caller,
  life: CallLife,
): Promise<Report> {
  const primary = await requireOpenLink(ports);
  const report = { new: 0, known: 0 };
  const left = new KeysLeft();
  await ports.audit.record({ event: 'recovery-started', by: caller.name, primary: primary.id });
  const ended = (outcome: 'completed' | 'broken-off') =>
    ports.audit.record({
      event: 'recovery-ended',
      by: caller.name,
      primary: primary.id,
      outcome,
      recorded: report.new,
    });
  try {
    for await (const page of listRecoverable(ports, primary)) {
      const lacking = await lackingOf(ports, page.keys, left);
      report.known += page.keys.length - lacking.length;
      for await (const { keys, notGiven } of fetchKeys(ports, primary, lacking)) {
        for (const { id, reason } of notGiven) left.put(id, reason);
        report.new += await keep(ports, primary, keys, left);
        life.requireWanted();
      }
      life.requireWanted();
      life.progress(page.next ?? page.of, page.of);
    }
  } catch (error) {
    await ended('broken-off').catch(() => undefined);
    throw error;
  }
  await ended('completed');
  return { primary: { id: primary.id, name: primary.name }, ...report, ...left.report() };
}

/** The ids of a page that are missing here. A key that is here with other content is reported and never asked for. */
async function lackingOf(
  ports: RequestRecoveryPorts,
  listed: readonly { readonly id: string; readonly digest: string }[],
  left: KeysLeft,
): Promise<string[]> {
  const known = await ports.store.reader.knownKeys(listed.map(({ id }) => id));
  const lacking: string[] = [];
  for (const { id, digest } of listed) {
    const here = known.get(id);
    if (here === undefined) lacking.push(id);
    else if (toHex(here.digest) !== digest) left.put(id, 'here-with-other-content');
  }
  return lacking;
}

async function keep(
  ports: RequestRecoveryPorts,
  primary: PrimaryRow,
  keys: readonly CheckedKey[],
  left: KeysLeft,
): Promise<number> {
  if (keys.length === 0) return 0;
  const outcomes = await ports.store.write(async (transaction) => {
    await requireStillOpen(ports, transaction, primary);
    return recordKeys(ports, transaction, keys, `primary:${primary.id}`);
  });
  outcomes.forEach(({ outcome }, at) => {
    if (outcome === 'conflict') left.put(keys[at]!.complete.key.id, 'here-with-other-content');
  });
  const recorded = outcomes.filter(({ outcome }) => outcome === 'new').length;
  if (recorded > 0) ports.keysRecorded.raise();
  return recorded;
}
