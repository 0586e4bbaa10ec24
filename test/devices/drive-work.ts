/** What people and the system do with a drive besides the agent. */
import type { Device } from './office.ts';

/** What lies on a drive. */
export const LETTER = 'Dear Kari, the store opens in May.';
/** What opens a volume that others made. */
export const PASSWORD = 'correct horse battery staple';

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

/** A volume with a letter on it, that opens with `PASSWORD`, which stands in /run/password from then on. */
export async function makeOwn({ machine }: Device, path: string): Promise<void> {
  // A derivation that takes people's second would take a played processor half a minute.
  const cheap = '--pbkdf pbkdf2 --pbkdf-force-iterations 1000';
  await machine.must(`umask 077; printf %s '${PASSWORD}' >/run/password
    cryptsetup luksFormat -q --type luks2 ${cheap} --key-file /run/password ${path} &&
    cryptsetup open --key-file /run/password ${path} own && mkfs.ext4 -qF /dev/mapper/own &&
    mount /dev/mapper/own /run/mnt && printf %s '${LETTER}' >/run/mnt/letter && umount /run/mnt &&
    cryptsetup close own`);
}
