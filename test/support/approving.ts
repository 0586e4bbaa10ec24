/** What tests of approvals do again and again: set a rule, ask, answer, look. */
import assert from 'node:assert/strict';
import { before, beforeEach } from 'node:test';
import type { Receiver } from '#server/notices/notices.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { read, write } from '#domain/right.ts';
import { type Answered, MAY_APPROVE, type Office, openOffice, OWNER } from './approving-office.ts';
import { makeSomeKey } from './some-key.ts';

export const HELP_DESK = [write('Key reveal'), read('Key register')];
const REASON = 'ticket 4711';

/** Filled before each test. */
export interface Approving {
  office: Office;
  /** Ids of two keys. */
  key: string;
  other: string;
  /** Ids of people: one who may reveal, three who may approve. Only the first of these sees and reveals too. */
  asker: string;
  first: string;
  second: string;
  third: string;
  /** Sets a rule, whatever stands. */
  rule(act: string, approvers: number): Promise<void>;
  reveal(who: string, approval?: string, id?: string, reason?: string): Promise<Answered>;
  answer(who: string, id: string, verb: string, body?: object): Promise<Answered>;
  approve(who: string, id: string): Promise<Answered>;
  /** The request as the first approver sees it. */
  shown(id: string): Promise<Readonly<Record<string, unknown>>>;
  /** A request of the asker, by a rule of one. */
  asked(): Promise<string>;
}

export const idOf = ({ body }: Answered): string =>
  (body['details'] as { readonly approval: string }).approval;

export function refusedAs(given: Answered, detail: RegExp): void {
  assert.equal(given.code, 'approval-refused', JSON.stringify(given.body));
  assert.match(given.detail!, detail);
}

export function approving(purpose: string, receivers: readonly Receiver[] = []): Approving {
  const inFolder = temporaryFolder(purpose);
  const ask: Office['ask'] = (...call) => one.office.ask(...call);
  const one: Approving = {
    office: undefined as never,
    key: '',
    other: '',
    asker: '',
    first: '',
    second: '',
    third: '',
    async rule(act, approvers) {
      const set = await ask(OWNER, 'PUT /approval-rules', { act, approvers });
      if (set.code !== 'approval-needed') return assert.equal(set.status, 200, JSON.stringify(set.body));
      const id = idOf(set);
      await one.answer(OWNER, id, 'emergency', { reason: 'the next test' });
      const headers = { 'keystair-approval': id };
      const again = await ask(OWNER, 'PUT /approval-rules', { act, approvers }, headers);
      assert.equal(again.status, 200, JSON.stringify(again.body));
    },
    reveal: (who, approval, id = one.key, reason = REASON) =>
      ask(
        who,
        `POST /keys/${id}/reveal`,
        { reason },
        approval === undefined ? {} : { 'keystair-approval': approval },
      ),
    answer: (who, id, verb, body = {}) => ask(who, `POST /approvals/${id}/${verb}`, body),
    approve: (who, id) => one.answer(who, id, 'approve'),
    shown: async (id) =>
      (await ask(one.first, `GET /approvals/${id}`)).body['approval'] as Record<string, unknown>,
    async asked() {
      await one.rule('keys.reveal', 1);
      const refused = await one.reveal(one.asker);
      assert.equal(refused.code, 'approval-needed');
      return idOf(refused);
    },
  };
  before(async () => {
    one.office = await openOffice(inFolder('data'), receivers);
    const made = [makeSomeKey(), makeSomeKey()];
    await one.office.server.record(...made);
    [one.key, one.other] = made.map(({ key }) => key.id) as [string, string];
  });
  beforeEach(async () => {
    const { office } = one;
    await office.removeAll();
    office.stale.clear();
    one.asker = await office.add('Asker', HELP_DESK);
    one.first = await office.add('First', [MAY_APPROVE, read('Approvals'), write('Key reveal')]);
    one.second = await office.add('Second', [MAY_APPROVE]);
    one.third = await office.add('Third', [MAY_APPROVE]);
  });
  return one;
}
