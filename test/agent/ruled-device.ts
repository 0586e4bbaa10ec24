/** What tests of policies share: the policy of a server's root group. */
import { ROOT_GROUP } from '#domain/group.ts';
import type { PolicyDocument } from '#domain/policy/policy.ts';
import { nextPolicyNumber, putPolicy } from '#server/groups/policy-rows.ts';
import type { ServerInProcess } from '#test/support/server-in-process.ts';

/** As a later release might, unchecked. */
export async function setPolicy(
  { store, repository }: ServerInProcess,
  document: PolicyDocument,
  group: string = ROOT_GROUP,
): Promise<void> {
  const ports = { rows: repository.rows, random: () => crypto.getRandomValues(new Uint8Array(8)) };
  await store.write(async (transaction) => {
    const number = await nextPolicyNumber(ports, transaction);
    await putPolicy(ports.rows, transaction, group, { document, number });
  });
}
