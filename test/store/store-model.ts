/**
 * A repository as plain lists and maps, and the property that a store does as it does: whatever works are thrown at it
 * together, some of which fail, and however often it is closed between.
 */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Transaction } from '#store/transaction.ts';
import type { Store } from '#store/store.ts';
import type { NewRepository } from './store-contract.ts';
import {
  auditAfterHead,
  DEVICE_A,
  DEVICE_B,
  keyAfter,
  keyId,
  keysAfterHead,
  plain,
  ZEROS,
} from './stored-rows.ts';

/** One step of a work. Numbers are drawn from few, so that works meet. */
type Step =
  | { readonly do: 'keys'; readonly ns: readonly number[]; readonly device: string }
  | { readonly do: 'repair'; readonly seq: number; readonly device: string; readonly same: boolean }
  | { readonly do: 'audit'; readonly events: readonly string[] }
  | { readonly do: 'contact'; readonly id: string; readonly at: number }
  | { readonly do: 'row'; readonly id: string; readonly body: string | null }
  | { readonly do: 'cursor'; readonly epoch: string; readonly seq: number | null }
  | { readonly do: 'receipts'; readonly device: string; readonly seqs: readonly number[] }
  | { readonly do: 'look' };

interface PlannedWork {
  readonly steps: readonly Step[];
  readonly fails: boolean;
  /** Turns of waiting for the transaction after each step. */
  readonly dawdles: number;
}

interface Model {
  readonly keys: readonly { readonly n: number; readonly device: string }[];
  readonly audit: readonly string[];
  readonly contacts: ReadonlyMap<string, number>;
  readonly rows: ReadonlyMap<string, string>;
  readonly cursors: ReadonlyMap<string, number>;
  readonly receipts: ReadonlySet<string>;
}

const EMPTY: Model = {
  keys: [],
  audit: [],
  contacts: new Map(),
  rows: new Map(),
  cursors: new Map(),
  receipts: new Set(),
};

const device = fc.constantFrom(DEVICE_A, DEVICE_B);
const FEW = [0, 1, 2, 3];
const few = fc.constantFrom(...FEW);
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('keys' as const),
    ns: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 3 }),
    device,
  }),
  fc.record({ do: fc.constant('repair' as const), seq: few, device, same: fc.boolean() }),
  fc.record({ do: fc.constant('audit' as const), events: fc.array(fc.string(), { maxLength: 3 }) }),
  fc.record({ do: fc.constant('contact' as const), id: few.map(String), at: fc.nat() }),
  fc.record({ do: fc.constant('row' as const), id: few.map(String), body: fc.option(fc.string()) }),
  fc.record({ do: fc.constant('cursor' as const), epoch: few.map(String), seq: fc.option(fc.nat()) }),
  fc.record({ do: fc.constant('receipts' as const), device, seqs: fc.array(few) }),
  fc.constant({ do: 'look' as const }),
);
const work: fc.Arbitrary<PlannedWork> = fc.record({
  steps: fc.array(steps, { maxLength: 4 }),
  fails: fc.boolean(),
  dawdles: fc.integer({ min: 0, max: 4 }),
});
/** Works asked for together; between two such rounds the repository may be closed. */
const rounds = fc.array(fc.record({ works: fc.array(work, { maxLength: 12 }), reopen: fc.boolean() }), {
  maxLength: 5,
});

/** The model after a step, or undefined where the step breaks an invariant and its work must fail. */
function after(model: Model, step: Step): Model | undefined {
  switch (step.do) {
    case 'keys': {
      const known = new Set(model.keys.map(({ n }) => n));
      for (const n of step.ns) {
        if (known.has(n)) return undefined;
        known.add(n);
      }
      return { ...model, keys: [...model.keys, ...step.ns.map((n) => ({ n, device: step.device }))] };
    }
    case 'repair': {
      // Another record has another digest, which its place in the chain gives away.
      if (!step.same || step.seq === 0 || step.seq > model.keys.length) return undefined;
      const { n } = model.keys[step.seq - 1]!;
      return { ...model, keys: model.keys.with(step.seq - 1, { n, device: step.device }) };
    }
    case 'audit':
      return { ...model, audit: [...model.audit, ...step.events] };
    case 'contact':
      return { ...model, contacts: new Map(model.contacts).set(step.id, step.at) };
    case 'row': {
      const rows = new Map(model.rows);
      if (step.body === null) rows.delete(step.id);
      else rows.set(step.id, step.body);
      return { ...model, rows };
    }
    case 'cursor': {
      const cursors = new Map(model.cursors);
      if (step.seq === null) cursors.delete(step.epoch);
      else cursors.set(step.epoch, step.seq);
      return { ...model, cursors };
    }
    case 'receipts':
      return {
        ...model,
        receipts: new Set([...model.receipts, ...step.seqs.map((seq) => `${step.device} ${seq}`)]),
      };
    case 'look':
      return model;
  }
}

async function perform(transaction: Transaction, step: Step): Promise<void> {
  switch (step.do) {
    case 'keys': {
      const head = await transaction.head();
      return transaction.appendKeys(keysAfterHead(head, step.ns, { deviceId: step.device }));
    }
    case 'repair': {
      const before = (await transaction.chainAt(step.seq - 1)) ?? ZEROS;
      const there = (await transaction.keysAfter(step.seq - 1, 1))[0];
      const other = keyAfter({ seq: step.seq - 1, chain: before }, 999);
      const row = step.same && there?.seq === step.seq ? there : other;
      return transaction.repairKeys([{ ...row, deviceId: step.device }]);
    }
    case 'audit':
      return transaction.appendAudit(auditAfterHead(await transaction.auditHead(), step.events));
    case 'contact':
      return transaction.putContact({ id: step.id, lastHeartbeatAt: step.at, body: '{}' });
    case 'row':
      if (step.body === null) return transaction.deleteRow('setting', step.id);
      return transaction.putRow({ kind: 'setting', id: step.id, body: step.body, mac: ZEROS });
    case 'cursor':
      if (step.seq === null) return transaction.deleteCursor('member', step.epoch);
      return transaction.putCursor({
        memberId: 'member',
        epoch: step.epoch,
        rank: 1,
        seq: step.seq,
        chain: ZEROS,
      });
    case 'receipts':
      return transaction.addReceipts(step.device, step.seqs, { count: step.seqs.length, digest: ZEROS });
    case 'look':
      await transaction.head();
  }
}

async function looksLike(store: Pick<Store, 'reader'>['reader'], model: Model): Promise<void> {
  const ns = model.keys.map(({ n }) => n);
  const keys = await store.keysAfter(0, 1000);
  assert.deepEqual(
    keys.map(({ seq, id }) => `${seq} ${id}`),
    ns.map((n, index) => `${index + 1} ${keyId(n)}`),
  );
  const rows = keysAfterHead({ seq: 0, chain: ZEROS }, ns);
  assert.deepEqual(plain(await store.head()), plain({ seq: ns.length, chain: rows.at(-1)?.chain ?? ZEROS }));
  const ofA = await store.keysOfDevice(DEVICE_A, 0, 1000);
  assert.deepEqual(
    ofA.map(({ id }) => id),
    model.keys.flatMap(({ n, device }) => (device === DEVICE_A ? [keyId(n)] : [])),
  );
  assert.equal((await store.knownKeys(ns.map(keyId))).size, ns.length);
  const audit = await store.auditAfter(0, 1000);
  assert.deepEqual(plain(audit.map(({ event }) => event)), plain(model.audit));
  assert.equal((await store.auditHead()).seq, model.audit.length);
  assert.deepEqual(
    await Promise.all(FEW.map(async (id) => (await store.contact(String(id)))?.lastHeartbeatAt)),
    FEW.map((id) => model.contacts.get(String(id))),
  );
  assert.deepEqual(
    new Map((await store.rows('setting')).map(({ id, body }) => [id, body])),
    sorted(model.rows),
  );
  const cursors = await store.cursors('member');
  assert.deepEqual(sorted(new Map(cursors.map(({ epoch, seq }) => [epoch, seq]))), sorted(model.cursors));
  for (const device of [DEVICE_A, DEVICE_B]) {
    const held = FEW.filter((seq) => model.receipts.has(`${device} ${seq}`));
    assert.deepEqual(await store.hasReceipts(device, FEW), new Set(held));
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The model after the work, and whether the work must succeed. */
function expected(model: Model, { steps, fails }: PlannedWork): { model: Model; succeeds: boolean } {
  let now: Model | undefined = model;
  for (const step of steps) now &&= after(now, step);
  return now === undefined || fails ? { model, succeeds: false } : { model: now, succeeds: true };
}

export async function modelHolds(newRepository: NewRepository, numRuns = 60): Promise<void> {
  await fc.assert(
    fc.asyncProperty(rounds, async (plan) => {
      const repository = await newRepository();
      let store = await repository.open();
      let model = EMPTY;
      try {
        for (const { works, reopen } of plan) {
          const outcomes = await Promise.allSettled(
            works.map((planned) =>
              store.write(async (transaction) => {
                for (const step of planned.steps) {
                  await perform(transaction, step);
                  for (let turn = 0; turn < planned.dawdles; turn += 1) await transaction.head();
                }
                if (planned.fails) throw new Error('abandoned');
              }),
            ),
          );
          for (const [index, planned] of works.entries()) {
            const outcome = expected(model, planned);
            assert.equal(outcomes[index]!.status, outcome.succeeds ? 'fulfilled' : 'rejected');
            model = outcome.model;
          }
          await looksLike(store.reader, model);
          const seenInside = model;
          await store.write((transaction) => looksLike(transaction, seenInside));
          if (reopen && repository.outlivesClosing) {
            await store.close();
            store = await repository.open();
            await looksLike(store.reader, model);
          }
        }
      } finally {
        await store.close();
        await repository.remove();
      }
    }),
    { numRuns },
  );
}
