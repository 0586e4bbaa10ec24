/** The calls of an import, in whatever order and by whomever: what is staged is confirmed or dropped, never both. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import { LOCAL_ADMINISTRATOR, requireRights, RIGHTS } from '#domain/right.ts';
import type { Timers } from '#server/environment/environment.ts';
import { STARTED_MS } from '#server/transfer/started.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { inPieces, type Office, openOffice, PASSWORD } from '#test/support/transfer-office.ts';

const KEYS = 3;
const PER = requireRights({ ...LOCAL_ADMINISTRATOR, id: 'per', name: 'per' }, RIGHTS);
const { signal } = new AbortController();
const FOUND = { new: KEYS, known: 0, conflicts: [], dryRun: true };
const DONE = { ...FOUND, dryRun: false };
let file: Buffer;

before(async () => {
  const oslo = await openOffice('Oslo');
  await oslo.record(Array.from({ length: KEYS }, () => makeSomeKey()));
  file = await oslo.exported();
});

async function begun(options: Parameters<typeof openOffice>[1] = {}) {
  const lyon = await openOffice('Lyon', options);
  const { imports } = lyon.transfers;
  const { id } = await imports.start(ADMINISTRATOR, { password: PASSWORD });
  return { lyon, imports, id };
}

async function nothingLeft({ store }: Office): Promise<void> {
  assert.deepEqual(await store.reader.stagedImports(), []);
  assert.equal((await store.reader.head()).seq, 0);
}

test('an import is confirmed once, and whoever lost the answer has it again', async () => {
  const { lyon, imports, id } = await begun();
  await assert.rejects(
    imports.confirm(ADMINISTRATOR, id, () => {}),
    { code: 'invalid-argument' },
    'no file yet',
  );
  assert.deepEqual(await imports.upload(ADMINISTRATOR, id, inPieces(file), signal), FOUND);
  await assert.rejects(imports.upload(ADMINISTRATOR, id, inPieces(file), signal), { code: 'already-exists' });
  const [first, second] = await Promise.allSettled([
    imports.confirm(ADMINISTRATOR, id, () => {}),
    imports.confirm(ADMINISTRATOR, id, () => {}),
  ]);
  assert.deepEqual(first, { status: 'fulfilled', value: DONE });
  assert.equal(second.status === 'rejected' && (second.reason as { code: string }).code, 'later');
  assert.deepEqual(await imports.confirm(ADMINISTRATOR, id, () => {}), DONE);
  await assert.rejects(imports.cancel(ADMINISTRATOR, id), { code: 'not-found' });
  assert.equal((await lyon.events('import-confirmed')).length, 1);
  assert.equal((await lyon.store.reader.head()).seq, KEYS);
});

test('nobody else brings its file, confirms it, has its report or cancels it', async () => {
  const { imports, id } = await begun();
  const notHere = { code: 'not-found' };
  await assert.rejects(imports.upload(PER, id, inPieces(file), signal), notHere);
  await imports.upload(ADMINISTRATOR, id, inPieces(file), signal);
  await assert.rejects(
    imports.confirm(PER, id, () => {}),
    notHere,
  );
  await assert.rejects(imports.cancel(PER, id), notHere);
  await imports.confirm(ADMINISTRATOR, id, () => {});
  await assert.rejects(
    imports.confirm(PER, id, () => {}),
    notHere,
  );
});

test('a file that broke off may be brought again', async () => {
  const { imports, id } = await begun();
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield file.subarray(0, file.length - 20);
    throw new Error('the line is cut');
  }
  await assert.rejects(imports.upload(ADMINISTRATOR, id, broken(), signal));
  assert.deepEqual(await imports.upload(ADMINISTRATOR, id, inPieces(file), signal), FOUND);
  assert.deepEqual(await imports.confirm(ADMINISTRATOR, id, () => {}), DONE);
});

test('an import that was started for one file takes no other one', async () => {
  const lyon = await openOffice('Lyon');
  const { imports } = lyon.transfers;
  const digest = createHash('sha256').update(file).digest('hex');
  const { id } = await imports.start(ADMINISTRATOR, { password: PASSWORD, digest });
  const oslo = await openOffice('Oslo');
  const other = await oslo.exported();
  const refused = { code: 'export-invalid' };
  await assert.rejects(imports.upload(ADMINISTRATOR, id, inPieces(other), signal), refused);
  await nothingLeft(lyon);
  assert.deepEqual(await imports.upload(ADMINISTRATOR, id, inPieces(file), signal), FOUND);
});

test('one that is cancelled while its file comes leaves nothing', async () => {
  const { lyon, imports, id } = await begun();
  async function* cancelledAtTheEnd(): AsyncGenerator<Uint8Array> {
    yield* inPieces(file);
    await imports.cancel(ADMINISTRATOR, id);
  }
  const refused = { code: 'interrupted' };
  await assert.rejects(imports.upload(ADMINISTRATOR, id, cancelledAtTheEnd(), signal), refused);
  await nothingLeft(lyon);
  await assert.rejects(
    imports.confirm(ADMINISTRATOR, id, () => {}),
    { code: 'not-found' },
  );
});

test('one that is cancelled while it is confirmed is either the one or the other', async () => {
  for (const cancelFirst of [true, false]) {
    const { lyon, imports, id } = await begun();
    await imports.upload(ADMINISTRATOR, id, inPieces(file), signal);
    const cancel = () => imports.cancel(ADMINISTRATOR, id).then(() => 'cancelled');
    const confirm = () => imports.confirm(ADMINISTRATOR, id, () => {}).then(() => 'confirmed');
    const calls = cancelFirst ? [cancel(), confirm()] : [confirm(), cancel()];
    const done = (await Promise.allSettled(calls)).filter(({ status }) => status === 'fulfilled');
    assert.equal(done.length, 1);
    if ((done[0] as PromiseFulfilledResult<string>).value === 'cancelled') await nothingLeft(lyon);
    else assert.equal((await lyon.store.reader.head()).seq, KEYS);
  }
});

test('one that nobody confirms ends by itself, and leaves only the audit event', async () => {
  const calls: { readonly ms: number; readonly call: () => void }[] = [];
  const timers: Timers = {
    after(ms, call) {
      calls.push({ ms, call });
      return () => {};
    },
  };
  const { lyon, imports, id } = await begun({ timers });
  await imports.upload(ADMINISTRATOR, id, inPieces(file), signal);
  for (const { ms, call } of calls) if (ms === STARTED_MS) call();
  await assert.rejects(
    imports.confirm(ADMINISTRATOR, id, () => {}),
    { code: 'not-found' },
  );
  await imports.stop();
  await nothingLeft(lyon);
  assert.equal((await lyon.events('import-ended'))[0]!['outcome'], 'expired');
});

test('nobody fills the memory with imports that are only started', async () => {
  const lyon = await openOffice('Lyon');
  const starting = Array.from({ length: 17 }, () => lyon.transfers.imports.start(ADMINISTRATOR, {}));
  const outcomes = await Promise.allSettled(starting);
  assert.equal(outcomes.filter(({ status }) => status === 'rejected').length, 1);
  assert.ok((await lyon.transfers.imports.start(PER, {})).id, 'others still start theirs');
});
