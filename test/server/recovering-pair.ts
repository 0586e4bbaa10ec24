/**
 * A primary and its secondary Lyon in this process, with this test between the two; keys that only the primary has any
 * more, as if Lyon had lost them. Call once, at the top of a test file.
 */
import assert from 'node:assert/strict';
import { before, beforeEach } from 'node:test';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import type { MachineRouteName } from '#protocol/machine-routes.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { checkKey } from '#domain/encryption-key.ts';
import { recordKeys } from '#server/records/record-keys.ts';
import { NOTHING_WANTED } from '#test/support/nothing-wanted.ts';
import {
  joinInProcess,
  openServer,
  type ServerInProcess,
  switchOption,
} from '#test/support/server-in-process.ts';

type Meddler = (name: MachineRouteName, answer: () => Promise<unknown>) => Promise<unknown>;

export interface RecoveringPair {
  readonly primary: ServerInProcess;
  readonly lyon: ServerInProcess;
  /** Stands between Lyon's calls and the wire; forgotten before each test. */
  meddler: Meddler | undefined;
  /** What Lyon called, since the test began. */
  readonly asked: MachineRouteName[];
  /** Puts keys into the primary as brought by that secondary, which has them not. */
  readonly broughtBy: (secondary: { readonly id: string }, ...keys: readonly CompleteKey[]) => Promise<void>;
  readonly allow: (expiresMs?: number) => Promise<unknown>;
  readonly recover: () => Promise<PeopleAnswer<'recoverFromPrimary'>>;
}

export async function refusal(run: Promise<unknown>): Promise<KeystairError> {
  const error = await run.then(
    () => assert.fail('it was not refused'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof KeystairError, String(error));
  return error;
}

export function recoveringPair(): RecoveringPair {
  let primary: ServerInProcess;
  let lyon: ServerInProcess;
  const asked: MachineRouteName[] = [];
  const between = (calls: MachineCalls): MachineCalls => {
    const call = (name: MachineRouteName, ...rest: unknown[]): Promise<unknown> => {
      asked.push(name);
      const really = () => (calls.call as (...args: unknown[]) => Promise<unknown>)(name, ...rest);
      return pair.meddler === undefined ? really() : pair.meddler(name, really);
    };
    return { call: call as MachineCalls['call'], transmit: (...args) => calls.transmit(...args) };
  };
  const pair: RecoveringPair = {
    get primary() {
      return primary;
    },
    get lyon() {
      return lyon;
    },
    meddler: undefined,
    asked,
    async broughtBy(secondary, ...keys) {
      const { barrier, audit } = primary.repository;
      await primary.store.write((transaction) =>
        recordKeys(
          { barrier, audit, clock: primary.clock, wanted: NOTHING_WANTED },
          transaction,
          keys.map(checkKey),
          `secondary:${secondary.id}`,
        ),
      );
    },
    allow: (expiresMs) =>
      primary.call('allowRecovery', {
        id: lyon.name.id,
        ...(expiresMs === undefined ? {} : { expiresMs }),
      }),
    recover: () => lyon.call('recoverFromPrimary', {}),
  };
  before(async () => {
    [primary, lyon] = await Promise.all([openServer('Above'), openServer('Lyon', { between })]);
    await switchOption(true, primary, lyon);
    await joinInProcess(lyon, primary);
  });
  beforeEach(async () => {
    pair.meddler = undefined;
    primary.clock.aheadMs = 0;
    await switchOption(true, primary, lyon);
    await primary.call('setServer', { id: lyon.name.id, dmz: false });
    await lyon.call('setServer', { id: primary.name.id, dmz: false });
    // What an earlier test left behind comes back first.
    await pair.allow();
    await pair.recover();
    await primary.call('allowRecovery', { id: lyon.name.id, off: true });
    asked.length = 0;
  });
  return pair;
}
