/** What ends a command ends it cleanly: a signal that asks for it, and a terminal that is closed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { organisation } from '#test/support/organisation.ts';
import { beginKeystair, startKeystair } from '#test/support/run-keystair.ts';
import { startServer } from '#test/support/running-server.ts';

const place = organisation('stop-signals', { passwords: 'cheap' });
const LAUNCHER = join(import.meta.dirname, '../../bin/keystair');
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

test('a file that is being decrypted leaves nothing of itself, whichever signal ends it', async () => {
  const oslo = await place.server('Oslo');
  const device = await place.enrol('PC', oslo);
  const file = place.path('file.age');
  await device.encrypt('secret'.repeat(100_000), file);
  for (const signal of SIGNALS) {
    const folder = place.path(signal);
    // Its input stops in the middle.
    const child = spawn(
      'sh',
      ['-c', `mkdir "${folder}"; { head -c 300000 "${file}"; sleep 600; } | exec "$0" "$@"`, LAUNCHER].concat(
        ['agent', 'decrypt-file', '-', join(folder, 'out'), '--state', device.state],
      ),
      { detached: true, stdio: 'ignore' },
    );
    await eventually('a part of it is written', () => existsSync(folder) && readdirSync(folder).length > 0);
    // To the whole group, as a terminal does.
    process.kill(-child.pid!, signal);
    await eventually('it is gone', () => readdirSync(folder).length === 0);
  }
});

test('a server and an agent that hear a hang-up end as at SIGTERM, however often they hear it', async () => {
  const server = await startServer(place.path('hung-up'));
  const closed = new Promise((resolve) => server.process.once('close', resolve));
  server.process.kill('SIGHUP');
  server.process.kill('SIGHUP');
  assert.equal(await closed, 0);
  assert.match(server.log(), /"event":"stopped"/);

  const lyon = await place.server('Lyon');
  const device = await place.enrol('Laptop', lyon);
  const agent = startKeystair(['agent', 'run', '--state', device.state]);
  const ended = new Promise((resolve) => agent.once('close', resolve));
  await new Promise((resolve) => agent.stderr!.once('data', resolve));
  agent.kill('SIGHUP');
  assert.equal(await ended, 0);
});

test('a server that was started to outlive its terminal does not hear the hang-up', async () => {
  const server = await startServer(place.path('nohup'), [], { under: ['nohup'] });
  server.process.kill('SIGHUP');
  const data = ['--data', server.data];
  assert.equal((await beginKeystair(['server', 'status', ...data]).ended).status, 0);
  assert.equal(await server.stop(), 0);
});

test('a server whose terminal is closed drains, though its log cannot be written any more', async () => {
  const data = place.path('on-terminal');
  const command = `exec '${LAUNCHER}' server start --data ${data} --listen 127.0.0.1:0`;
  const terminal = spawn('script', ['--quiet', '--command', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, SHELL: '/bin/sh' },
  });
  await new Promise<void>((resolve) => {
    terminal.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('"event":"ready"')) resolve();
    });
  });
  const socket = join(data, 'keystair.sock');
  assert.ok(existsSync(socket));
  terminal.kill('SIGKILL');
  // A clean end carries the log over; a kill leaves it.
  await eventually('the database is closed', () => !existsSync(join(data, 'keystair.db-wal')));
});

test('a server whose log is on a full disk serves all the same', async () => {
  const data = place.path('full-log');
  const { pid, ended } = beginKeystair(['server', 'start', '--data', data, '--listen', '127.0.0.1:0'], {
    under: ['sh', '-c', 'exec "$0" "$@" 2> /dev/full'],
  });
  const status = () => beginKeystair(['server', 'status', '--data', data]).ended;
  await eventually('it answers', async () => (await status()).status === 0);
  process.kill(pid, 'SIGTERM');
  assert.equal((await ended).status, 0);
});
