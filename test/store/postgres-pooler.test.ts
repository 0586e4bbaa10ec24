/** PgBouncer before a PostgreSQL: it would go on over another instance after a failover, so no server starts behind it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectToPrimary } from '#store/postgres/hosts.ts';
import type { DatabasePlace } from '#store/postgres/place.ts';
import { freePort } from '#test/support/free-port.ts';
import { missingPackages } from '#test/support/missing-packages.ts';
import { sharedPostgres } from '#test/support/postgres.ts';
import { postgresPrograms } from '#test/support/postgres-programs.ts';
import { ROLLED_BACK } from '#test/sentences/rolled-back.ts';
import { eventually } from '#test/support/eventually.ts';
import { missing } from './system-tools.ts';

const programs = postgresPrograms();
const lacking = [
  ...missingPackages({ pgbouncer: 'pgbouncer' }),
  ...(programs === undefined ? ['postgresql'] : []),
];
const skip = missing(lacking.length === 0, `install ${lacking.join(', ')}`);
const NOBODY = 65_534;

async function pooler(
  folder: string,
  server: DatabasePlace,
  mode: string,
): Promise<[ChildProcess, DatabasePlace]> {
  const port = await freePort();
  const { host, port: serverPort } = server.hosts[0]!;
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
* = host=${host} port=${serverPort} user=keystair
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
ignore_startup_parameters = statement_timeout,extra_float_digits
`,
  );
  const isRoot = process.getuid?.() === 0;
  const child = spawn('pgbouncer', [join(folder, 'pgbouncer.ini')], {
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
    stdio: 'ignore',
    cwd: folder,
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
  });
  await eventually(
    'PgBouncer listens',
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.destroy();
          resolve(true);
        }).on('error', () => resolve(false));
      }),
  );
  return [child, { ...server, hosts: [{ host: '127.0.0.1', port }] }];
}

for (const mode of ['transaction', 'session'])
  test(`no server starts behind a pooler: ${mode} mode`, { skip }, async () => {
    const instance = await sharedPostgres(programs!);
    const place = await instance.newDatabase();
    const folder = mkdtempSync(join(tmpdir(), 'keystair-pooler-'));
    if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
    const [child, pooled] = await pooler(folder, place, mode);
    try {
      await assert.rejects(connectToPrimary(pooled), {
        code: 'database-unsafe',
        message: ROLLED_BACK.hidden,
      });
      await (await connectToPrimary(place)).end();
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
      await instance.emptyDatabase(place);
    }
  });
