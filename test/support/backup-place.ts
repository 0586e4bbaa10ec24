/** An organisation whose backups have one password: it makes keys, and servers out of backups. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { before } from 'node:test';
import { type Device, organisation, type Server } from './organisation.ts';
import { runKeystair } from './run-keystair.ts';

export function backupPlace(name: string) {
  const place = organisation(name, { passwords: 'cheap' });
  const passwordFile = place.path('password');
  const withPassword = ['--password-file', passwordFile];
  before(() => writeFileSync(passwordFile, 'lantern quiver mossy eleven trombone\n', { mode: 0o600 }));
  let made = 0;

  return {
    place,
    passwordFile,
    withPassword,

    /** A key that no other file has. */
    newKey: (device: Device): Promise<string> => {
      made += 1;
      return device.encrypt('text', place.path(`file-${made}.age`), { newIdentity: true });
    },

    /** A server called Lyon, out of that backup. */
    restored: async (file: string, directory: string): Promise<Server> => {
      const data = place.path(directory);
      const ran = await runKeystair(['server', 'restore', file, '--data', data, ...withPassword]);
      assert.equal(ran.status, 0, ran.stderr);
      return place.server('Lyon', { data });
    },
  };
}
