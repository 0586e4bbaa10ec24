/** A file given to the wrong command: it is called what it is, the right command is named, and nothing is made. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { SHOWN } from '#test/sentences/shown.ts';
import { recipientOf } from '#test/support/by-hand-commands.ts';
import { type Device, organisation, refusedWith, type Server } from '#test/support/organisation.ts';
import { runKeystair } from '#test/support/run-keystair.ts';

const place = organisation('wrong-file', { passwords: 'cheap' });
const password = place.path('password');
const withPassword = ['--password-file', password];
let oslo: Server;
let device: Device;

before(async () => {
  oslo = await place.server('Oslo');
  device = await place.enrol('PC', oslo);
  writeFileSync(password, 'purple lantern harvest moss\n', { mode: 0o600 });
  await device.encrypt('line\n'.repeat(1000), place.path('file'));
  await oslo.done(['keys', 'export', '--out', place.path('export'), ...withPassword]);
  await oslo.done(['keys', 'export', '--out', place.path('sealed'), '--to', await recipientOf(oslo)]);
  await oslo.done(['server', 'backup', place.path('backup'), ...withPassword]);
  const text = readFileSync(place.path('file'), 'latin1');
  writeFileSync(place.path('crlf'), text.replaceAll('\n', '\r\n'), 'latin1');
  writeFileSync(place.path('marked'), `\u00EF\u00BB\u00BF${text}`, 'latin1');
});

/** What each command makes of each file, and the command that is named instead. */
const DECRYPT = ['agent', 'decrypt-file'];
const IMPORT = ['keys', 'import'];
const RESTORE = ['server', 'restore'];
const ROWS: readonly (readonly [readonly string[], string, string, RegExp?])[] = [
  [DECRYPT, 'export', 'file-not-encrypted', SHOWN.importIt],
  [DECRYPT, 'sealed', 'file-not-encrypted', SHOWN.importIt],
  [DECRYPT, 'backup', 'file-not-encrypted', SHOWN.restoreIt],
  [DECRYPT, 'crlf', 'file-damaged'],
  [DECRYPT, 'marked', 'file-damaged'],
  [IMPORT, 'backup', 'export-invalid', SHOWN.restoreIt],
  [IMPORT, 'file', 'export-invalid', SHOWN.decryptIt],
  [RESTORE, 'export', 'backup-invalid', SHOWN.importIt],
  [RESTORE, 'file', 'backup-invalid'],
];

for (const [command, file, code, names] of ROWS) {
  test(`${command.join(' ')} of the file "${file}" is ${code}`, async () => {
    const made = place.path('made');
    const path = place.path(file);
    const ran =
      command === DECRYPT
        ? await device.run(['decrypt-file', path, made])
        : command === IMPORT
          ? await oslo.run([...command, path, ...withPassword])
          : await runKeystair([...command, path, ...withPassword, '--data', made]);
    const says = refusedWith(ran, code);
    if (names !== undefined) assert.match(says, names);
    assert.doesNotMatch(says, SHOWN.otherUseOfTheFile);
    assert.ok(!existsSync(made));
  });
}
