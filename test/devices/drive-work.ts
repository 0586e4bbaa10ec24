/** What people and the system do with a drive besides the agent. */
import assert from 'node:assert/strict';
import type { Json } from '../support/organisation.ts';
import type { Device } from './office.ts';
import type { Stick } from './stick.ts';

/** What lies on a drive. */
export const LETTER = 'Dear Kari, the store opens in May.';
/** What opens a volume that others made. */
const PASSWORD = 'correct horse battery staple';

export async function mountAndRead(
  { machine }: Device,
  name: string,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Promise<string> {
  const options = readOnly ? '-o ro,noload' : '';
  return await machine.must(
    `mount ${options} /dev/mapper/${name} /run/mnt && cat /run/mnt/letter && umount /run/mnt`,
  );
}

/** Opens it, reads the letter and closes it. @returns what the agent said when it opened it. */
export async function readLetter(device: Device, { path }: Stick): Promise<Json> {
  const opened = await device.done(['open-drive', path, '--name', 'letter']);
  assert.equal(await mountAndRead(device, 'letter'), LETTER);
  await device.machine.must('cryptsetup close letter');
  return opened;
}

/** Plugs it in and makes a volume with a letter of it, that opens with `PASSWORD`, which stands in /run/password from then on. */
export async function plugOwn(device: Device, stick: Stick): Promise<void> {
  const { machine } = device;
  const { path } = stick;
  await stick.plug(machine);
  // A derivation that takes people's second would take a played processor half a minute.
  const cheap = '--pbkdf pbkdf2 --pbkdf-force-iterations 1000';
  await machine.must(`umask 077; printf %s '${PASSWORD}' >/run/password
    cryptsetup luksFormat -q --type luks2 ${cheap} --key-file /run/password ${path} &&
    cryptsetup open --key-file /run/password ${path} own && mkfs.ext4 -qF /dev/mapper/own &&
    mount /dev/mapper/own /run/mnt && printf %s '${LETTER}' >/run/mnt/letter && umount /run/mnt &&
    cryptsetup close own`);
}

/** The arguments that take such a volume into custody. */
export function adopting({ path }: Stick): readonly string[] {
  return ['adopt-drive', path, '--password-file', '/run/password'];
}

export async function requirePassword({ machine }: Device, { path }: Stick): Promise<void> {
  await machine.must(
    `printf %s '${PASSWORD}' | cryptsetup open --test-passphrase --key-slot 0 --key-file=- ${path}`,
  );
}
