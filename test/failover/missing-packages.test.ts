/** A newcomer without a cluster's packages is told which to install, and nothing was begun. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');

for (const [what, ...args] of [
  ['npm start -- --cluster', 'examples/organisation.ts', '--cluster'],
  ['npm run cluster', 'test/failover/main.ts'],
]) {
  test(`${what} names the packages that are missing`, () => {
    // Node's own folder may be that of Debian's programs.
    const env = { PATH: '/nowhere', CI: 'true' };
    const ran = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      env,
    });
    const said = (ran.stdout + ran.stderr).trim();
    assert.deepEqual(
      ['patroni', 'etcd-server'].filter((name) => !said.includes(name)),
      [],
      said,
    );
    assert.equal(said.split('\n').length, 1);
    assert.equal(ran.status, 1);
  });
}
