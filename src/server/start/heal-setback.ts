/**
 * A database that lost commits it had acknowledged: a failover to a standby that did not have them, or a copy of an older
 * day. A new epoch begins with what is missing, so that everything heals as after a restore: secondaries are asked again,
 * the primary is sent all of it, devices return their receipts.
 */
import type { Keyring } from '#crypto/keyring.ts';
import { KeystairError } from '#domain/errors.ts';
import { LOCAL_ADMINISTRATOR } from '#domain/right.ts';
import type { History, Setback } from '#store/setback.ts';
import type { Transaction } from '#store/transaction.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { readDataKeys } from '../seals/seal-rows.ts';
import { beginEpoch } from '../hierarchy/primary/heartbeat.ts';

type HealingPorts = Pick<ServerPorts, 'audit' | 'clock' | 'log' | 'random' | 'rows'> & {
  readonly keyring: Pick<Keyring, 'currentDataKey'>;
};

const BECAUSE = 'the database lost commits that it had acknowledged';

/** Throws `database-rolled-back` where this process seals under a data key whose row is lost: then it must begin again. */
export function healSetback(
  ports: HealingPorts,
): (transaction: Transaction, setback: Setback) => Promise<void> {
  return async (transaction, { lost, accepted }) => {
    const known = Math.max(0, ...(await readDataKeys(transaction)).map(({ number }) => number));
    if (known < ports.keyring.currentDataKey) {
      throw new KeystairError('database-rolled-back', 'the database lost the data key of this process', {
        nextStep: 'start the server again: it goes on with the data keys that are there',
      });
    }
    if (accepted !== undefined) {
      const { at, seen, found } = accepted;
      const event = {
        event: 'rollback-accepted',
        by: LOCAL_ADMINISTRATOR.name,
        acceptedAt: at,
        seen: shown(seen),
        found: shown(found),
      } as const;
      await ports.audit.append(transaction, [event]);
    }
    if (lost === undefined) return;
    const epoch = await beginEpoch(ports, transaction, BECAUSE, undefined, lost);
    ports.log.error({ event: 'commits-lost', epoch, ...lost }, BECAUSE);
  };
}

function shown({ system, timeline }: History): string {
  return `${system}/${timeline}`;
}
