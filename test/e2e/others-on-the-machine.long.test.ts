/** Other users of the machine, against a server that runs and an agent's state: they get nothing, whatever the umask. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { asNobody } from '#test/support/as-nobody.ts';
import { hasTool, missing } from '#test/store/system-tools.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { refusedWith } from '#test/support/organisation.ts';
import { runKeystair } from '#test/support/run-keystair.ts';
import { type RunningServer, startServer } from '#test/support/running-server.ts';
import { unlessRoot } from '#test/support/small-disk.ts';

const skip = unlessRoot();
/** Makes a moment long that would pass too quickly to be seen: every change of a mode waits before it begins. */
const SLOW_MODES =
  'strace -D -f -qq -o /dev/null -e trace=chmod,fchmodat -e inject=chmod,fchmodat:delay_enter=100000';
const inFolder = temporaryFolder('others');
// Others may enter it, as they may /var/lib.
chmodSync(inFolder('.'), 0o755);
const PASSWORD = 'three words and one more besides';

/** Under the most careless umask there is. */
async function start(data: string, under: readonly string[] = []): Promise<RunningServer> {
  const careless = ['sh', '-c', 'umask 000; exec "$0" "$@"', ...under];
  const server = await startServer(data, [], { under: careless });
  atTheEnd(() => server.process.kill('SIGKILL'));
  return server;
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

test('at no moment of a start can another user connect to the socket', {
  skip: skip === false ? missing(hasTool('strace'), 'install strace') : skip,
}, async () => {
  const data = inFolder('entered');
  mkdirSync(data, { mode: 0o755 });
  chmodSync(data, 0o755);
  const sockets = ['keystair.sock', 'keystair.sock.making/keystair.sock'].map((name) => `${data}/${name}`);
  const over = inFolder('over');
  // To connect to a socket one must be allowed to write to it.
  const nobody = asNobody(
    `console.log('looks');
     let could = 0;
     while (!existsSync(${JSON.stringify(over)})) {
       for (const path of ${JSON.stringify(sockets)}) {
         try { accessSync(path, constants.W_OK); could += 1; } catch {}
       }
     }
     console.log('could connect ' + could + ' times');`,
    "import { accessSync, constants, existsSync } from 'node:fs';",
  );
  assert.equal(await nobody.line(), 'looks');
  const server = await start(data, SLOW_MODES.split(' '));
  assert.equal(modeOf(sockets[0]!), '600');
  assert.equal(await server.stop(), 0);
  assert.ok(!existsSync(sockets[0]!), 'the socket is gone with the server');
  writeFileSync(over, '');
  assert.match(await nobody.ended, /could connect 0 times/);
});

test('no password goes to a socket that another user laid', { skip }, async () => {
  const data = inFolder('taken');
  const password = inFolder('password');
  writeFileSync(password, PASSWORD, { mode: 0o600 });
  const server = await start(data);
  assert.equal(modeOf(data), '700');
  chmodSync(data, 0o777);
  const nobody = asNobody(
    `renameSync(${JSON.stringify(`${data}/keystair.sock`)}, ${JSON.stringify(`${data}/moved`)});
     const heard = [];
     const server = createServer((connection) => connection.on('data', (bytes) => {
       heard.push(String(bytes));
       connection.end('HTTP/1.1 500 Refused\\r\\n\\r\\n');
     }));
     server.listen(${JSON.stringify(`${data}/keystair.sock`)}, () => console.log('listens'));
     process.stdin.on('end', () => { console.log('heard ' + heard.join('')); process.exit(); }).resume();`,
    "import { renameSync } from 'node:fs'; import { createServer } from 'node:net';",
  );
  assert.equal(await nobody.line(), 'listens');
  const give = ['keys', 'export', '--out', inFolder('x.age'), '--password-file', password, '--data', data];
  assert.match(refusedWith(await runKeystair(give), 'data-exposed'), REFUSED['data-exposed'].closeIt(data));
  // The directory is mended, and what was laid there is still there.
  chmodSync(data, 0o700);
  assert.match(refusedWith(await runKeystair(give), 'data-exposed'), REFUSED['data-exposed'].ofNobody);
  nobody.process.stdin!.end();
  assert.equal(await nobody.ended, 'listens\nheard ');
  assert.equal(await server.stop(), 0);
});

test('a data directory that others may write is refused, and the command in the sentence mends it', {
  skip,
}, async () => {
  const data = inFolder('open');
  mkdirSync(data);
  for (const mode of [0o777, 0o770, 0o1777]) {
    chmodSync(data, mode);
    const ran = await runKeystair(['server', 'start', '--data', data, '--listen', '127.0.0.1:0']);
    assert.match(refusedWith(ran, 'data-exposed'), REFUSED['data-exposed'].closeIt(data));
  }
  chmodSync(data, 0o700);
  assert.equal(await (await start(data)).stop(), 0);
});

test('what another user laid into the directory while it was open is not followed', { skip }, async () => {
  const data = inFolder('laid');
  await (await start(data)).stop();
  const aim = inFolder('aim');
  for (const name of ['keystair.db-wal', 'keystair.db-journal', 'keystair.lock', 'audit-reserve']) {
    writeFileSync(aim, 'of somebody else', { mode: 0o644 });
    chmodSync(aim, 0o644);
    rmSync(`${data}/${name}`, { force: true });
    symlinkSync(aim, `${data}/${name}`);
    const ran = await runKeystair(['server', 'start', '--data', data, '--listen', '127.0.0.1:0']);
    assert.match(refusedWith(ran, 'data-exposed'), REFUSED['data-exposed'].link(`${data}/${name}`));
    assert.deepEqual([modeOf(aim), statSync(aim).size], ['644', 16], name);
    rmSync(`${data}/${name}`);
  }
  assert.equal(await (await start(data)).stop(), 0);
});
