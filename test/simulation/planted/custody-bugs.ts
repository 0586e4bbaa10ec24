/** Bugs by which a key is lost, altered, or does not get where it should. */
import type { Bug, Loose } from './bug.ts';
import { CUSTODY_NOT_WAITED_FOR } from './not-waited-for.ts';

export const CUSTODY_BUGS: readonly Bug[] = [
  {
    name: 'a device is answered before its key is committed',
    faults: [{ definition: 'recordDeviceKey', wrap: CUSTODY_NOT_WAITED_FOR }],
    seed: 1,
  },
  {
    name: 'the last key of a batch is acknowledged and not recorded',
    faults: [
      {
        definition: 'recordKeys',
        wrap: (sound) => (ports, transaction, keys, receivedFrom) => {
          const taken = String(receivedFrom).startsWith('secondary:')
            ? Math.max(1, keys.length - 1)
            : keys.length;
          return sound(ports, transaction, keys.slice(0, taken), receivedFrom);
        },
      },
    ],
    seed: 1,
  },
  {
    name: 'a batch is taken that does not continue from the cursor',
    faults: [{ definition: 'continuesFrom', wrap: () => (cursor) => cursor !== undefined }],
    seed: 8,
  },
  {
    name: 'the sender keeps the cursor',
    faults: [
      {
        definition: 'UpwardTransmission.#heartbeat',
        wrap: (sound, self) => async () => {
          const position = await sound();
          if (self.kept === undefined || self.kept.seq <= position.acknowledged.seq) {
            self.kept = position.acknowledged;
          }
          return { ...position, acknowledged: self.kept };
        },
      },
    ],
    seed: 4,
  },
  {
    name: 'no new epoch begins after a rollback',
    faults: [{ definition: 'judgeAcknowledged', wrap: () => () => 'continue' }],
    seed: 4,
  },
  {
    name: 'a new epoch has the name of the old one',
    faults: [
      {
        definition: 'beginEpoch',
        wrap: (sound) => async (ports, transaction, because) => {
          const old = await ports.rows.get(transaction, 'setting', 'epoch');
          const random = () => Buffer.from(old.epoch, 'hex');
          return sound(old === undefined ? ports : { ...ports, random }, transaction, because);
        },
      },
    ],
    seed: 4,
  },
  {
    name: 'a conflict overwrites',
    faults: [
      { definition: 'requireIdFits', wrap: () => () => undefined },
      {
        definition: 'outcomeAt',
        wrap: (sound) => (there, digest) => {
          const outcome = sound(there, digest);
          return outcome.outcome === 'conflict' ? undefined : outcome;
        },
      },
      {
        definition: 'prepareKeysTable',
        wrap: (sound) => (connection) => {
          const table = sound(connection);
          const insert = (row: Loose): void => {
            const there = table.byId(row.id);
            if (there !== undefined) table.remove(there.seq);
            table.insert(row);
          };
          return { ...table, insert };
        },
      },
    ],
    seed: 1,
  },
  {
    name: 'an id is not held against its content',
    faults: [{ definition: 'requireIdFits', wrap: () => () => undefined }],
    seed: 1,
  },
  {
    name: 'a key that is known is called a conflict',
    faults: [{ definition: 'outcomeAt', wrap: () => () => ({ outcome: 'conflict' }) }],
    seed: 1,
  },
  {
    name: 'receipts are never found to differ',
    faults: [
      {
        definition: 'deviceHeartbeat',
        wrap:
          (sound) =>
          async (...given) => ({ ...(await sound(...given)), receipts: 'agree' }),
      },
    ],
    seed: 1,
  },
  {
    name: 'receipts are taken back and not recorded',
    faults: [
      {
        definition: 'recordKeys',
        wrap: (sound) => (ports, transaction, keys, receivedFrom) =>
          sound(ports, transaction, String(receivedFrom).startsWith('receipt:') ? [] : keys, receivedFrom),
      },
    ],
    seed: 1,
  },
  {
    name: 'what came down is answered and not kept',
    faults: [
      {
        definition: 'Lookups.#keep',
        wrap: () => async (checked, _primary, source) => ({
          outcome: 'found',
          key: checked.complete,
          source,
        }),
      },
    ],
    seed: 2,
  },
  {
    name: 'a certificate whose dates do not fit cannot be renewed',
    faults: [{ definition: 'requireDates', wrap: (sound) => (peer) => sound(peer, 'device') }],
    seed: 1,
  },
  {
    name: 'after a failure the climb is not tried again',
    faults: [{ definition: 'UpwardTransmission.#backOff', wrap: () => async () => undefined }],
    seed: 1,
  },
  {
    name: 'one audit event that was not written blocks all later ones',
    faults: [{ definition: 'AuditLog.#forget', wrap: () => () => undefined }],
    seed: 14,
  },
  {
    name: "a server's key as a member is made anew for each primary it joins",
    faults: [
      {
        definition: 'memberKey',
        wrap: (sound) => (ports) => {
          const putSecret = (...given: unknown[]) => ports.rows.putSecret(...given);
          return sound({ ...ports, rows: { getSecret: async () => undefined, putSecret } });
        },
      },
    ],
    seed: 1,
  },
  {
    name: 'a transmission that is put off moves the cursor',
    faults: [
      {
        definition: 'storeBatch',
        wrap: (sound) => async (ports, transaction, member, batch, waitMs) => {
          const stored = await sound(ports, transaction, member, batch, waitMs);
          if (stored.answer.outcome === 'later') {
            const cursor = await transaction.cursor(member.id, batch.epoch);
            await transaction.putCursor({ ...cursor, ...batch.end });
          }
          return stored;
        },
      },
    ],
    seed: 8,
  },
  {
    name: 'no receipt is ever missed',
    faults: [{ definition: 'missingReceipts', wrap: () => async () => ({ missing: [] }) }],
    seed: 1,
  },
  {
    name: 'an arriving device is told that a key is there before it is',
    faults: [
      {
        definition: 'arriveOne',
        wrap:
          (sound) =>
          async (...given) => {
            const key = await sound(...given);
            return key.outcome === 'recorded' ? key : { id: key.id, outcome: 'recorded', receipt: 'AAAA' };
          },
      },
    ],
    seed: 1,
  },
];
