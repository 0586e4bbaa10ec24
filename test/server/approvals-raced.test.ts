/** An approval that is used at the very moment in which its approver goes, or loses the right: one of both was first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read } from '#domain/right.ts';
import { MAY_APPROVE } from '#test/support/approving-office.ts';
import { approving } from '#test/support/approving.ts';

const ROUNDS = 10;
const at = approving('raced');

for (const [what, go] of [
  ['removed', (id: string) => at.office.remove(id)],
  [
    'told that they may answer no more',
    (id: string) => at.office.change(id, { rights: [read('Approvals')] }),
  ],
] as const) {
  test(`an approver who is ${what} while the approval is used either counted or did not`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const approver = await at.office.add(`approver ${round}`, [MAY_APPROVE]);
      const id = await at.asked();
      assert.equal((await at.approve(approver, id)).status, 200);
      // Now this one first, now the other.
      const use = () => at.reveal(at.asker, id);
      const [first, second] = round % 2 === 0 ? [use, () => go(approver)] : [() => go(approver), use];
      const both = await Promise.all([first(), second()]);
      const used = both.find((one) => typeof one === 'object')!;
      const uses = await at.office.server.events('approval-used');
      assert.equal(uses.filter(({ approval }) => approval === id).length, used.status === 200 ? 1 : 0);
      if (used.status !== 200) assert.equal(used.code, 'approval-refused');
      assert.equal((await at.office.server.events('key-revealed')).length, uses.length);
      const again = await at.reveal(at.asker, id);
      assert.notEqual(again.status, 200, 'nor does it serve afterwards');
      if (what !== 'removed') await at.office.remove(approver);
      else await at.answer(at.asker, id, 'withdraw');
    }
  });
}
