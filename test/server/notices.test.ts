/** Approvers are told: durably, each receiver by itself, and it shows who was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTICE_AGAIN_MS } from '#domain/notice-limits.ts';
import { noticeBody, noticeMail, type ApprovalNotice } from '#server/notices/notice.ts';
import { Notices, type NoticePorts, type Receiver } from '#server/notices/notices.ts';
import { noteTold } from '#server/approvals/approval-rows.ts';
import { OWNER } from '#test/support/approving-office.ts';
import { approving } from '#test/support/approving.ts';
import { eventually } from '#test/support/eventually.ts';

const got: { to: string; id: string; notice: ApprovalNotice }[] = [];
let dead = false;
const never = Promise.withResolvers<void>();
const receivers: Receiver[] = [
  {
    name: 'stalled',
    send: () => never.promise,
  },
  {
    name: 'sometimes',
    send: async (id, notice) => {
      got.push({ to: 'sometimes', id, notice });
      if (dead) throw new Error('it is dead');
    },
  },
];
const at = approving('notices', receivers);

const toldOf = async (id: string): Promise<readonly { to: string; problem: string | null }[]> =>
  (await at.shown(id))['told'] as { to: string; problem: string | null }[];

test('a request and an emergency are told, and a receiver that stalls keeps nothing from another', async () => {
  const id = await at.asked();
  await eventually('that one was told', async () => (await toldOf(id)).length > 0);
  assert.deepEqual(
    (await toldOf(id)).map(({ to, problem }) => [to, problem]),
    [['sometimes', null]],
  );
  const [{ notice }] = got.splice(0) as [(typeof got)[0]];
  assert.deepEqual(
    { ...notice, at: 0 },
    {
      type: 'approval.requested',
      approval: id,
      act: 'keys.reveal',
      by: 'Asker',
      reason: 'ticket 4711',
      at: 0,
    },
  );
});

/** The queue alone, with timers that a test moves. */
function queue(over: Partial<NoticePorts> = {}): { notices: Notices; wait: (ms: number) => void } {
  const { server } = at.office;
  let due: (() => void) | undefined;
  const { rows } = server.repository;
  const notices = new Notices({
    clock: server.clock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    rows,
    store: server.store,
    timers: {
      after: (_ms, call) => {
        due = call;
        return () => (due = undefined);
      },
    },
    receivers: receivers.slice(1),
    noteTold: (transaction, approval, told) => noteTold({ rows }, transaction, approval, told),
    ...over,
  });
  return {
    notices,
    wait: (ms) => {
      server.clock.aheadMs += ms;
      due?.();
    },
  };
}

test('a dead receiver is tried again with the same id, given up at last, and that shows', async () => {
  const id = await at.asked();
  await at.office.server.administration.stop();
  const { store } = at.office.server;
  await store.write(async (transaction) => {
    for (const { id: row } of await transaction.rows('notice')) await transaction.deleteRow('notice', row);
  });
  got.length = 0;
  dead = true;
  const { notices, wait } = queue();
  const notice: ApprovalNotice = {
    type: 'approval.emergency',
    approval: id,
    act: 'keys.reveal',
    by: OWNER,
    reason: 'now',
    at: 0,
  };
  await store.write((transaction) => notices.queue(transaction, notice));
  notices.wake();
  for (const [tried, ms] of NOTICE_AGAIN_MS.entries()) {
    await eventually(`attempt ${tried + 1}`, async () => {
      const [row] = await store.reader.rows('notice');
      return row?.body.includes(`"attempts":${tried + 1}`);
    });
    // What is planned is planned after the row was written.
    await new Promise((resolve) => setTimeout(resolve, 20));
    wait(ms);
  }
  const told = await eventually('that it was given up', async () =>
    (await toldOf(id)).find(({ problem }) => problem !== null),
  );
  assert.deepEqual([told.to, told.problem], ['sometimes', 'it is dead']);
  assert.equal(got.length, NOTICE_AGAIN_MS.length + 1);
  assert.equal(new Set(got.map(({ id: one }) => one)).size, 1);
  assert.deepEqual(await store.reader.rows('notice'), []);
  await notices.stop();
});

test('what was not delivered is delivered after a restart', async () => {
  const id = await at.asked();
  const { store } = at.office.server;
  dead = true;
  const before = queue();
  const notice: ApprovalNotice = {
    type: 'approval.requested',
    approval: id,
    act: 'a',
    by: 'b',
    reason: null,
    at: 0,
  };
  await store.write((transaction) => before.notices.queue(transaction, notice));
  before.notices.wake();
  await eventually('the first attempt', async () =>
    (await store.reader.rows('notice')).some(({ body }) => body.includes('"attempts":1')),
  );
  await before.notices.stop();
  dead = false;
  at.office.server.clock.aheadMs += NOTICE_AGAIN_MS[0]!;
  const after = queue();
  after.notices.wake();
  await eventually('that it was told', async () =>
    (await toldOf(id)).some(({ problem }) => problem === null),
  );
  await after.notices.stop();
});

test('a notice holds nothing but who, what and why, each on its own line', () => {
  const notice: ApprovalNotice = {
    type: 'approval.requested',
    approval: 'fe6a2b3c-4d5e-8f60-8a1b-2c3d4e5f6071',
    act: 'keys.export',
    by: 'Eve\r\nBcc: all@example.org',
    reason: 'a \u202Emove',
    at: 0,
  };
  const server = { id: 'an-id', name: 'Oslo' };
  const { data } = JSON.parse(noticeBody(notice, server, 'https://keys.example')) as { data: object };
  assert.deepEqual(Object.keys(data), ['approval', 'act', 'by', 'reason', 'server', 'link']);
  const { subject, text } = noticeMail(notice, server, null);
  assert.match(subject, /^[\x20-\x7e]+$/);
  assert.match(text, /^By: {6}Eve\\u\{D\}\\u\{A\}Bcc: all@example\.org$/m);
  assert.match(text, /^Reason: {2}a \\u\{202E\}move$/m);
});
