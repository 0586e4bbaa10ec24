/**
 * Somebody else's program verifies our audit log: Debian's golang.org/x/mod, which knows signed notes and RFC 6962
 * trees. It reads no ML-DSA: those lines it lets be, as the specification of notes demands.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { Checkpoints } from '#server/checkpoints/checkpoints.ts';
import { openLogKeys } from '#server/checkpoints/log-keys.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

const PACKAGES = '/usr/share/gocode';
const GO = '/usr/bin/go';
const here = existsSync(join(PACKAGES, 'src/golang.org/x/mod/sumdb/tlog')) && existsSync(GO);
/** 450 MB with Go itself: a desk that has it asks it, and `.ci/run` does not install it. */
const isAsked = here || process.env['CI'] !== 'true';
const skip = here ? false : 'apt install golang-go golang-golang-x-mod-dev';

const inFolder = temporaryFolder('stranger');
const SOURCE = join(dirname(import.meta.dirname), 'strangers/verify-audit.go');
const base64 = (hash: Uint8Array): string => Buffer.from(hash).toString('base64');

function stranger(document: object): { readonly status: number | null; readonly words: string } {
  const ran = spawnSync(inFolder('verify-audit'), { input: JSON.stringify(document), encoding: 'utf8' });
  return { status: ran.status, words: `${ran.stdout}${ran.stderr}` };
}

let server: ServerInProcess;
let checkpoints: Checkpoints;
const signed: { readonly size: number; readonly root: string }[] = [];

before(async () => {
  if (skip !== false) return;
  const env = {
    ...process.env,
    GOPATH: PACKAGES,
    GO111MODULE: 'off',
    GOCACHE: inFolder('cache'),
    GOFLAGS: '',
  };
  const built = spawnSync(GO, ['build', '-o', inFolder('verify-audit'), SOURCE], { env, encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  server = await openServer('Oslo', { heartbeats: false });
  const { repository, store, clock } = server;
  const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
  const ports = { ...repository, store, clock, random };
  checkpoints = new Checkpoints(ports, await openLogKeys(ports));
  for (const lines of [0, 1, 1, 3, 250, 1, 44, 700]) {
    await store.write((transaction) =>
      repository.audit.append(
        transaction,
        Array.from({ length: lines }, () => ({
          event: 'recovery-started' as const,
          by: 'server',
          primary: 'é 東\n',
        })),
      ),
    );
    signed.push(await checkpoints.sign());
  }
});

async function whole(): Promise<
  Record<string, unknown> & { readonly checkpoint: string; readonly lines: string[] }
> {
  const { size, note, origin } = await checkpoints.sign();
  const lines = (await server.store.reader.auditAfter(0, size)).map(({ event }) => event);
  const numbers = [1, 2, 3, 255, 256, 257, 512, size - 1, size];
  return {
    key: checkpoints.verifierKeysOf(origin)[0],
    checkpoint: note,
    lines,
    inclusions: await Promise.all(
      numbers.map(async (number) => ({
        number,
        line: lines[number - 1],
        hashes: (await checkpoints.inclusion(number - 1, size)).map(base64),
      })),
    ),
    consistency: await Promise.all(
      signed.map(async ({ size: from, root }) => ({
        from,
        root: base64(Buffer.from(root, 'hex')),
        hashes: (await checkpoints.consistency(from, size)).map(base64),
      })),
    ),
  };
}

if (isAsked) {
  test('a stranger verifies note, whole tree, inclusion and consistency', { skip }, async () => {
    assert.deepEqual(stranger(await whole()), { status: 0, words: 'verified\n' });
  });

  test('the stranger refuses a changed line, root, size and signature', { skip }, async () => {
    const right = await whole();
    const refused = (change: object, words: RegExp): void => {
      const { status, words: said } = stranger({ ...right, ...change });
      assert.equal(status, 1, said);
      assert.match(said, words);
    };
    refused({ lines: right.lines.with(3, `${right.lines[3]} `) }, /the root over all lines/);
    refused({ lines: right.lines.slice(1) }, /the root over all lines/);
    refused({ checkpoint: right.checkpoint.replace(/\n\d+\n/, '\n7\n') }, /the note/);
    refused({ inclusions: [{ number: 3, line: right.lines[3], hashes: [] }] }, /line 3/);
    refused({ consistency: [{ from: 5, root: base64(new Uint8Array(32)), hashes: [] }] }, /from 5/);
  });
} else {
  test('there is no Go on this machine, so no stranger is asked', () => {});
}
