/**
 * Takes devices' keys into custody, those of one turn together: a thousand laptops that hand a key over at the same
 * moment share one search for known keys, one MAC of the audit log and one flush.
 *
 * Invariants: `record` resolves only when key and receipt note are durable; each caller's membership is read in the
 * transaction that stores; the outcome of one key changes nothing for another.
 */
import { KeystairError } from '#domain/errors.ts';
import { DEVICE_KEYS_TOGETHER_MAX } from '#domain/limits.ts';
import type { Member } from '#domain/member.ts';
import type { Transaction } from '#store/transaction.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { type RecordOutcome, recordKeys } from '../records/record-keys.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { type HeldReceipt, noteReceipts } from './receipts.ts';

interface Handover {
  readonly key: CheckedKey;
  /** Throws unless the caller is still a member. */
  readonly requireCaller: (transaction: Transaction) => Promise<Member>;
}

export type CustodyPorts = Pick<
  ServerPorts,
  'store' | 'barrier' | 'clock' | 'audit' | 'wanted' | 'keysRecorded'
>;

/** The outcome of one handover: recorded, known, or why it was refused. */
type Outcome = RecordOutcome | { readonly outcome: 'refused'; readonly because: unknown };

interface PendingWork {
  readonly handovers: Handover[];
  readonly outcomes: Promise<readonly Outcome[]>;
}

export class DeviceCustody {
  readonly #ports: CustodyPorts;
  #pending: PendingWork | undefined;

  constructor(ports: CustodyPorts) {
    this.#ports = ports;
  }

  /** Throws `record-conflict`, and what `requireCaller` throws. */
  async record(handover: Handover): Promise<void> {
    if ((this.#pending?.handovers.length ?? 0) >= DEVICE_KEYS_TOGETHER_MAX) this.#pending = undefined;
    const pending = (this.#pending ??= this.#startWork());
    const at = pending.handovers.push(handover) - 1;
    const outcome = (await pending.outcomes)[at]!;
    if (outcome.outcome === 'refused') throw outcome.because;
    if (outcome.outcome === 'conflict') {
      const { id } = handover.key.complete.key;
      throw new KeystairError('record-conflict', `this server has a different record with the id ${id}`, {
        nextStep: 'make a new key; the record here was not changed',
      });
    }
  }

  /** Handovers join until the work runs. The store may run the work again, so the work keeps its own handovers. */
  #startWork(): PendingWork {
    const handovers: Handover[] = [];
    const forget = (): void => {
      if (this.#pending === pending) this.#pending = undefined;
    };
    const outcomes = this.#ports.store.write((transaction) => {
      forget();
      return recordHandovers(this.#ports, transaction, handovers);
    });
    const pending: PendingWork = { handovers, outcomes };
    outcomes.then(
      (all) => {
        if (all.some(({ outcome }) => outcome === 'new')) this.#ports.keysRecorded.raise();
      },
      // A write that fails before its work runs must not keep later handovers waiting for ever.
      forget,
    );
    return pending;
  }
}

async function recordHandovers(
  ports: CustodyPorts,
  transaction: Transaction,
  handovers: readonly Handover[],
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const admitted: { readonly at: number; readonly device: string; readonly key: CheckedKey }[] = [];
  for (const [at, { key, requireCaller }] of handovers.entries()) {
    try {
      // In the transaction that stores: the device may have been removed meanwhile.
      admitted.push({ at, device: (await requireCaller(transaction)).id, key });
    } catch (because) {
      outcomes[at] = { outcome: 'refused', because };
    }
  }
  const recorded = await recordKeys(
    ports,
    transaction,
    admitted.map(({ key }) => key),
    admitted.map(({ device }) => `device:${device}`),
  );
  const held = new Map<string, HeldReceipt[]>();
  for (const [index, { at, device, key }] of admitted.entries()) {
    const outcome = recorded[index]!;
    outcomes[at] = outcome;
    if (outcome.outcome === 'conflict') continue;
    const receipts = held.get(device) ?? [];
    receipts.push({ id: key.complete.key.id, seq: outcome.seq, isNew: outcome.outcome === 'new' });
    held.set(device, receipts);
  }
  for (const [device, receipts] of held) await noteReceipts(transaction, device, receipts);
  return outcomes;
}
