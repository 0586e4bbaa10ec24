/** A volume that somebody made with stock tools and a passphrase of their own, and its way into custody. */
import { adoptDriveForDevice } from '#agent/adopt-drive.ts';
import type { AgentPorts } from '#agent/ports.ts';
import type { AdoptedDrive } from '#protocol/agent-program.ts';
import { image, MIB } from './drives/images.ts';
import { stock } from './system-tools.ts';

export const PASSPHRASE = 'Blåbærsyltetøy 7';
const QUICK = ['--pbkdf=pbkdf2', '--pbkdf-force-iterations=1000'];

/** @param more arguments of luksFormat. */
export function encrypted(...more: readonly string[]): string {
  const path = image(32 * MIB);
  const args = ['luksFormat', '--batch-mode', '--type=luks2', ...QUICK, ...more, '--key-file=-', path];
  stock('cryptsetup', args, { input: PASSPHRASE });
  return path;
}

export function adopt({ ports }: { readonly ports: AgentPorts }, path: string): Promise<AdoptedDrive> {
  const { signal } = new AbortController();
  return adoptDriveForDevice(ports, { path, password: PASSPHRASE, label: undefined, signal });
}
