/** `npm start`: what a newcomer sees at its end can be done, and Ctrl-C leaves nothing behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TOTP } from 'otpauth';
import { setUp } from '#cli/set-up.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { eventually } from '#test/support/eventually.ts';
import { beginKeystair } from '#test/support/run-keystair.ts';

const place = temporaryFolder('demonstration');
const ROOT = join(import.meta.dirname, '../..');
const LINK = /^ +(http:\/\/localhost:\d+\/set-up#\S+)$/gm;

test('the demonstration ends with two people who can sign in, and only the custodian exports', async () => {
  const child = spawn(join(ROOT, 'bin/with-node'), [join(ROOT, 'examples/organisation.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
  try {
    await eventually('the end of the story', () => {
      assert.equal(child.exitCode, null, said);
      return said.includes('Ctrl-C stops everything');
    });
    const folder = /on this machine, in (\S+)/.exec(said)![1]!;
    const url = /The console of Headquarters: (\S+)/.exec(said)![1]!;
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    const [custodian, helpDesk] = [...said.matchAll(LINK)].map((match) => match[1]!);

    const exportAs = async (who: string, link: string) => {
      await setUpAs(who, link);
      const under = ['env', '-u', 'KEYSTAIR_DATA', `XDG_STATE_HOME=${place(who)}`];
      const to = ['--out', place(`${who}.age`), '--password-file', place('password')];
      return beginKeystair(['keys', 'export', ...to, '--url', url], { under }).ended;
    };
    assert.match((await exportAs('help-desk', helpDesk!)).stderr, /^keystair: not-allowed: /m);
    assert.equal((await exportAs('custodian', custodian!)).status, 0);

    child.kill('SIGINT');
    assert.equal(await ended, 0);
    assert.equal(existsSync(folder), false);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
});

async function setUpAs(who: string, link: string): Promise<void> {
  const passwordFile = place('password');
  const otpFile = place(`${who}-code`);
  writeFileSync(passwordFile, 'walnut carpet engine drizzle', { mode: 0o600 });
  await setUp(
    { link, fingerprint: undefined, passwordFile, otpFile },
    {
      places: { logins: join(place(who), 'keystair') },
      terminal: {
        inputIsPerson: false,
        say: () => undefined,
        show: async (line) => {
          const secret = /Secret: ([A-Z2-7]+)$/.exec(line)?.[1];
          if (secret !== undefined) writeFileSync(otpFile, new TOTP({ secret }).generate(), { mode: 0o600 });
        },
      },
    },
  );
}
