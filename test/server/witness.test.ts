/**
 * A primary witnesses the audit logs of its secondaries, and they its own: what continues is countersigned, what does
 * not is named.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { verifyNote } from '#crypto/note-keys.ts';
import { parseNote, parseVerifierKey } from '#domain/signed-note.ts';
import type { HeartbeatAnswer, HeartbeatRequest } from '#protocol/messages.ts';
import { noteWithheld, openGaps, readGaps, readHeld } from '#server/checkpoints/witness.ts';
import { beginEpoch } from '#server/hierarchy/primary/heartbeat.ts';
import { readCountersigned } from '#server/hierarchy/primary/tell-log.ts';
import { AUDIT } from '#test/sentences/audit.ts';
import { type PlayedSecondary, playSecondary } from '#test/support/played-secondary.ts';
import { PlayedLog } from '#test/support/played-log.ts';
import { joinInProcess, openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const gapsOf = async ({ repository, store }: ServerInProcess, id: string) =>
  openGaps(await readGaps(repository.rows, store.reader, id));
const kindsOf = async (server: ServerInProcess, id: string) =>
  (await gapsOf(server, id)).map(({ what }) => what);
const heldBy = ({ repository, store }: ServerInProcess, id: string) =>
  readHeld(repository.rows, store.reader, id);
const addLine = ({ repository }: ServerInProcess) =>
  repository.audit.record({ event: 'recovery-started', by: 'server', primary: 'x' });

interface Pair {
  readonly primary: ServerInProcess;
  readonly lyon: ServerInProcess;
  readonly sent: HeartbeatRequest[];
  /** Stand between the two. */
  bendRequest?: (request: HeartbeatRequest) => HeartbeatRequest;
  bendAnswer?: (answer: HeartbeatAnswer) => HeartbeatAnswer;
}

async function pair(dmz = false, bends: Pick<Pair, 'bendRequest' | 'bendAnswer'> = {}): Promise<Pair> {
  const sent: HeartbeatRequest[] = [];
  const primary = await openServer('Above', { heartbeats: false });
  const lyon = await openServer('Lyon', {
    heartbeats: false,
    between: (calls) => ({
      ...calls,
      call: async (name, body, ...rest) => {
        if (name !== 'heartbeat') return calls.call(name, body, ...rest);
        const request = bends.bendRequest?.(body as HeartbeatRequest) ?? (body as HeartbeatRequest);
        sent.push(request);
        const answer = await calls.call(name, request as typeof body, ...rest);
        return (bends.bendAnswer?.(answer as HeartbeatAnswer) ?? answer) as typeof answer;
      },
    }),
  });
  await joinInProcess(lyon, primary, { dmz });
  return Object.assign(bends, { primary, lyon, sent });
}

for (const dmz of [false, true]) {
  const where = dmz ? ', over a link in a DMZ too' : '';
  test(`a checkpoint goes up with the heartbeat and comes back countersigned${where}`, async () => {
    const { primary, lyon, sent } = await pair(dmz);
    await addLine(lyon);
    await lyon.call('heartbeatNow', {});
    const held = (await heldBy(primary, lyon.name.id))!;
    assert.equal(held.size, (await lyon.store.reader.auditHead()).seq);
    const countersigned = (await readCountersigned(lyon.repository.rows, lyon.store.reader))!;
    assert.deepEqual([countersigned.size, countersigned.primary], [held.size, primary.name]);
    const keys = [...held.keys, ...countersigned.keys].map((key) => parseVerifierKey(key)!);
    assert.deepEqual(
      verifyNote(countersigned.note, keys)?.by,
      keys,
      'two keys of the log and two of the witness',
    );

    sent.length = 0;
    await lyon.call('heartbeatNow', {});
    assert.deepEqual(
      sent.map(({ log, checkpoint }) => [log?.size, checkpoint]),
      [[held.size, undefined]],
      'a log that stands still costs no signature and no second call',
    );
    await addLine(lyon);
    await addLine(primary);
    await lyon.call('heartbeatNow', {});
    assert.equal((await heldBy(primary, lyon.name.id))?.size, held.size + 1);
    assert.deepEqual([await gapsOf(primary, lyon.name.id), await gapsOf(lyon, primary.name.id)], [[], []]);
    // The primary's own log is witnessed in turn.
    assert.ok((await heldBy(lyon, primary.name.id))?.origin.includes(primary.name.id));
  });
}

test('a server that learns of a past it does not hold starts a new epoch, and signs nothing under the old one', async () => {
  const made = await pair();
  const { primary, lyon, sent } = made;
  await addLine(lyon);
  await lyon.call('heartbeatNow', {});
  const before = (await heldBy(primary, lyon.name.id))!;
  // What the primary would hold if this repository were an older copy of itself.
  const ahead = { origin: before.origin, size: before.size + 50, root: before.root };
  made.bendAnswer = (answer) => {
    delete made.bendAnswer;
    return { ...answer, log: { held: ahead } };
  };
  await addLine(lyon);
  sent.length = 0;
  await lyon.call('heartbeatNow', {});
  for (const { epoch, checkpoint } of sent)
    assert.ok(checkpoint === undefined || !before.origin.endsWith(epoch), 'signed under the old origin');
  const started = (await lyon.events('epoch-started')).at(-1)!;
  assert.match(String(started['because']), AUDIT.unknownLog);
  assert.deepEqual(started['lastCheckpoint'], ahead);
  assert.deepEqual(await kindsOf(primary, lyon.name.id), ['new-epoch']);
  await lyon.call('heartbeatNow', {});
  assert.deepEqual(await kindsOf(primary, lyon.name.id), ['new-epoch'], 'once');
});

test('a new epoch in which every witnessed line still stands is a gap that says so', async () => {
  const { primary, lyon } = await pair();
  await lyon.call('heartbeatNow', {});
  const before = (await heldBy(primary, lyon.name.id))!;
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
  const ports = { ...lyon.repository, clock: lyon.clock, random };
  await lyon.store.write((transaction) => beginEpoch(ports, transaction, 'for the test'));
  await lyon.call('heartbeatNow', {});
  const [gap, ...more] = await gapsOf(primary, lyon.name.id);
  assert.deepEqual(
    [gap?.what, gap?.continues, gap?.held.size, more.length],
    ['new-epoch', true, before.size, 0],
  );
  assert.deepEqual((await lyon.events('epoch-started')).at(-1)!['lastCheckpoint'], {
    origin: before.origin,
    size: before.size,
    root: before.root,
  });
});

const LINES = Array.from({ length: 20 }, (_, at) => `line ${at}`);

async function played(): Promise<{
  readonly primary: ServerInProcess;
  readonly branch: PlayedSecondary;
  readonly log: PlayedLog;
  readonly tell: (from: number) => Promise<HeartbeatAnswer>;
}> {
  const primary = await openServer('Above', { heartbeats: false });
  const branch = await playSecondary(primary);
  const log = new PlayedLog(branch.id, branch.epoch, LINES);
  const tell = async (from: number) => (await branch.heartbeat(log.told(from))) as HeartbeatAnswer;
  const first = await tell(0);
  assert.notEqual(first.log?.cosigned, undefined);
  return { primary, branch, log, tell };
}

const REWRITTEN: readonly (readonly [string, (log: PlayedLog) => void, number])[] = [
  ['cut', (log) => void log.lines.splice(15), 0],
  ['of the same length with another line', (log) => void (log.lines[3] = 'another'), 20],
  ['longer with another line', (log) => void log.lines.splice(3, 1, 'another', 'and more'), 20],
  [
    'longer with its last witnessed line changed',
    (log) => void log.lines.splice(19, 1, 'another', 'more', 'more'),
    20,
  ],
];
for (const [what, rewrite, from] of REWRITTEN) {
  test(`a branch whose log is ${what} is named once, and the refused note is kept`, async () => {
    const { primary, branch, log, tell } = await played();
    const held = await heldBy(primary, branch.id);
    rewrite(log);
    const { note } = log.told(from).checkpoint;
    for (let time = 0; time < 3; time += 1) {
      const answer = await tell(from);
      assert.deepEqual(
        [answer.log?.gap, answer.log?.cosigned, answer.log?.held?.size],
        [true, undefined, 20],
      );
    }
    const gaps = await gapsOf(primary, branch.id);
    const bodies = gaps.map(({ what, told, held }) => [
      what,
      parseNote(told!.note)?.text,
      parseNote(held.note)?.text,
    ]);
    assert.deepEqual(bodies, [['rewritten', parseNote(note)!.text, parseNote(held!.note)!.text]]);
    const found = await primary.events('audit-gap-found');
    assert.deepEqual(
      found.map(({ server, what }) => [server, what]),
      [[branch.id, 'rewritten']],
    );
    assert.deepEqual(await heldBy(primary, branch.id), held, 'what was witnessed stays');
    assert.ok(primary.logged.some(({ event }) => event === 'audit-gap-found'));
  });
}

test('a branch that withholds its log, or signs it with other keys or none, is named', async () => {
  const withheld = await played();
  await withheld.branch.heartbeat({ epoch: withheld.log.epoch });
  assert.deepEqual(await kindsOf(withheld.primary, withheld.branch.id), ['withheld']);

  const other = await played();
  other.log.keyName = 'second';
  other.log.lines.push('more');
  await other.tell(20);
  assert.deepEqual(await kindsOf(other.primary, other.branch.id), ['other-key']);

  const invalid = await played();
  const { checkpoint, ...rest } = invalid.log.told(20);
  const of = (wrong: Partial<typeof checkpoint>) =>
    invalid.branch.heartbeat({ ...rest, checkpoint: { ...checkpoint, ...wrong } });
  await of({ note: checkpoint.note.replace('\n20\n', '\n21\n') });
  await of({ note: 'x' });
  await of({ keys: ['x'] });
  const elsewhere = new PlayedLog(invalid.primary.name.id, invalid.log.epoch, LINES);
  await of(elsewhere.told(20).checkpoint);
  assert.deepEqual(await kindsOf(invalid.primary, invalid.branch.id), ['invalid']);
  assert.equal((await heldBy(invalid.primary, invalid.branch.id))?.size, 20);
});

test('a log goes on through a new epoch, and an older life of the server changes nothing', async () => {
  const { primary, branch, log, tell } = await played();
  const old = log.epoch;
  log.epoch = '7'.repeat(32);
  log.lines.push('epoch-started');
  await tell(20);
  assert.deepEqual(await kindsOf(primary, branch.id), ['new-epoch']);
  log.epoch = old;
  await tell(20);
  assert.equal((await heldBy(primary, branch.id))?.origin.endsWith('7'.repeat(32)), true);
  assert.deepEqual(await kindsOf(primary, branch.id), ['new-epoch']);
});

test('a proof from elsewhere than what is held is asked for again, and names nobody', async () => {
  const { primary, branch, log, tell } = await played();
  log.lines.push('more');
  const answer = await tell(7);
  assert.deepEqual(
    [answer.log?.held?.size, answer.log?.gap, answer.log?.cosigned],
    [20, undefined, undefined],
  );
  assert.notEqual((await tell(20)).log?.cosigned, undefined);
  assert.deepEqual(await kindsOf(primary, branch.id), []);
});

test('a secondary keeps no countersignature that is not right, and names a primary that rewrites its past', async () => {
  const made = await pair();
  const { primary, lyon } = made;
  await lyon.call('heartbeatNow', {});
  const before = await readCountersigned(lyon.repository.rows, lyon.store.reader);
  const log = new PlayedLog(primary.name.id, '5'.repeat(32), LINES);
  made.bendAnswer = (answer) => {
    if (answer.log?.own === undefined) return answer;
    const { cosigned } = answer.log;
    const signatures = cosigned!.signatures.replaceAll(/[a-f]/g, 'A');
    const { ofPrimary: _ofPrimary, ...own } = log.told(0).checkpoint;
    return { ...answer, log: { ...answer.log, cosigned: { ...cosigned!, signatures }, own } };
  };
  await addLine(lyon);
  await lyon.call('heartbeatNow', {});
  assert.deepEqual(await readCountersigned(lyon.repository.rows, lyon.store.reader), before);
  assert.deepEqual(await kindsOf(lyon, primary.name.id), ['other-key']);
});

test('of one neighbour so many gaps are kept, and the last of them', async () => {
  const most = 8;
  const { repository, store, clock } = await openServer('Above', { heartbeats: false });
  const ports = { ...repository, clock };
  for (let size = 1; size <= most + 4; size += 1) {
    const held = { origin: 'lyon', size, root: '0'.repeat(64), note: 'note', keys: [] };
    await store.write((transaction) => noteWithheld(ports as never, transaction, 'lyon', held as never));
  }
  const gaps = await readGaps(repository.rows, store.reader, 'lyon');
  assert.deepEqual(
    gaps.map(({ held }) => held.size),
    Array.from({ length: most }, (_, at) => at + 5),
  );
});

test('with neighbours of a release that says nothing of logs all else goes on', async () => {
  const secondary = await pair(false, {
    bendRequest: ({ log: _log, checkpoint: _checkpoint, ...rest }) => rest,
  });
  const primary = await pair(false, { bendAnswer: ({ log: _log, ...rest }) => rest });
  for (const made of [secondary, primary]) {
    await made.lyon.call('heartbeatNow', {});
    assert.equal((await made.lyon.call('serverStatus', {})).primary?.state, 'connected');
    assert.deepEqual(await gapsOf(made.primary, made.lyon.name.id), []);
    assert.deepEqual(await gapsOf(made.lyon, made.primary.name.id), []);
  }
  assert.ok(primary.sent.every(({ checkpoint }) => checkpoint === undefined));
});
