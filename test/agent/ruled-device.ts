/** What tests of policies share: the policy of a server's root group, and a volume that somebody made with stock tools. */
import { ROOT_GROUP } from '#domain/group.ts';
import type { PolicyDocument } from '#domain/policy/policy.ts';
import { nextPolicyNumber, putPolicy } from '#server/groups/policy-rows.ts';
import type { ServerInProcess } from '#test/support/server-in-process.ts';
import { image, MIB } from './drives/images.ts';
import { stock } from './system-tools.ts';

export const PASSPHRASE = 'Blåbærsyltetøy 7';
const QUICK = ['--pbkdf=pbkdf2', '--pbkdf-force-iterations=1000'];

export async function setPolicy(
  { store, repository }: ServerInProcess,
  document: PolicyDocument,
): Promise<void> {
  const ports = { rows: repository.rows, random: () => crypto.getRandomValues(new Uint8Array(8)) };
  await store.write(async (transaction) => {
    const number = await nextPolicyNumber(ports, transaction);
    await putPolicy(ports.rows, transaction, ROOT_GROUP, { document, number });
  });
}

export function encrypted(): string {
  const path = image(32 * MIB);
  const args = ['luksFormat', '--batch-mode', '--type=luks2', ...QUICK, '--key-file=-', path];
  stock('cryptsetup', args, { input: PASSPHRASE });
  return path;
}
