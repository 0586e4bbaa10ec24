/** Sequences of whatever people may do with requests, made by chance, against a model that says what has to come of each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { read } from '#domain/right.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';
import { MAY_APPROVE } from '#test/support/approving-office.ts';
import { approving, HELP_DESK, idOf } from '#test/support/approving.ts';

const MINUTE = 60_000;
const at = approving('approval-model');

/** Two ask, and may approve each other's; two more may approve. */
const PEOPLE = 4;
const who = fc.nat(PEOPLE - 1);
/** The newest first: what is over is met less often. */
const which = fc.nat(2);
/** Who asked and what for, or the other one. */
const mostly = (one: 0): fc.Arbitrary<0 | 1> => fc.constantFrom(one, one, one, 1);

/** What leads on comes more often than what ends something. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('ask' as const), who: fc.nat(1), key: fc.nat(1) }) },
  { weight: 8, arbitrary: fc.record({ does: fc.constant('approve' as const), who, which }) },
  {
    weight: 8,
    arbitrary: fc.record({ does: fc.constant('use' as const), who: mostly(0), which, key: mostly(0) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constantFrom('deny' as const, 'withdraw' as const), who, which }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('lose' as const), who }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('regain' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('rule' as const),
      approvers: fc.constantFrom(0, 1, 1, 1, 2, 3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('wait' as const), minutes: fc.constantFrom(1, 14, 16, 1440) }),
  },
);

interface Request {
  readonly by: number;
  readonly key: number;
  readonly asked: number;
  approvedBy: number[];
  state: 'waiting' | 'approved' | 'over';
  until: number;
}

/** What there is, and what it allows. */
class Model {
  now = 0;
  rule = 0;
  readonly requests: Request[] = [];
  readonly approvers = new Set(Array.from({ length: PEOPLE }, (_, index) => index));

  stateOf(one: Request): Request['state'] {
    return this.now >= one.until ? 'over' : one.state;
  }
  counts(one: Request): boolean {
    const valid = one.approvedBy.filter((approver) => this.approvers.has(approver));
    return valid.length >= Math.max(1, one.asked, this.rule);
  }
  usable(one: Request): boolean {
    return this.stateOf(one) === 'approved' && this.counts(one);
  }
  /** The requests that asking again may lead to. */
  asked(by: number, key: number): readonly Request[] {
    const same = this.requests.filter((one) => one.by === by && one.key === key);
    const usable = same.filter((one) => this.usable(one));
    return usable.length > 0 ? usable : same.filter((one) => this.stateOf(one) === 'waiting');
  }
  ask(by: number, key: number): void {
    const until = this.now + 24 * 60;
    this.requests.push({ by, key, asked: this.rule, approvedBy: [], state: 'waiting', until });
  }
  mayAnswer(person: number, one: Request): boolean {
    const fresh = this.stateOf(one) === 'waiting' && !one.approvedBy.includes(person);
    return fresh && one.by !== person && this.approvers.has(person);
  }
  approve(person: number, one: Request): void {
    one.approvedBy = [...one.approvedBy, person];
    if (!this.counts(one)) return;
    one.state = 'approved';
    one.until = this.now + 15;
  }
}

test('whatever people do in whatever order, a request is answered and used as the model says', async () => {
  let used = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40, size: 'max' }), async (steps) => {
      const { office } = at;
      await office.removeAll();
      const model = new Model();
      const rights = [...HELP_DESK, read('Approvals')];
      const people: string[] = [];
      for (const name of ['a', 'b', 'c', 'd']) people.push(await office.add(name, [...rights, MAY_APPROVE]));
      const setRule = (approvers: number) =>
        office.server.administration.people.setApprovalRule(
          { ...ADMINISTRATOR, approval: { id: '', approvers: 20 } },
          { act: 'keys.reveal', approvers },
        );
      await setRule(1);
      model.rule = 1;
      const ids: string[] = [];
      const keyOf = (key: number): string => (key === 0 ? at.key : at.other);
      for (const [number, one] of steps.entries()) {
        const told = `${number}: ${JSON.stringify(one)} of ${JSON.stringify(steps)}`;
        if (one.does === 'wait') {
          office.server.clock.aheadMs += one.minutes * MINUTE;
          model.now += one.minutes;
        } else if (one.does === 'rule') {
          const possible = one.approvers <= model.approvers.size;
          const done = await setRule(one.approvers).then(
            () => true,
            () => false,
          );
          assert.equal(done, possible, told);
          if (possible) model.rule = one.approvers;
        } else if (one.does === 'lose' || one.does === 'regain') {
          const keeps = one.does === 'regain';
          await office.change(people[one.who]!, { rights: keeps ? [...rights, MAY_APPROVE] : rights });
          if (keeps) model.approvers.add(one.who);
          else model.approvers.delete(one.who);
        } else if (one.does === 'ask') {
          const answer = await at.reveal(people[one.who]!, undefined, keyOf(one.key));
          assert.equal(answer.code, model.rule === 0 ? undefined : 'approval-needed', told);
          if (model.rule === 0) continue;
          const known = model.asked(one.who, one.key);
          const found = model.requests[ids.indexOf(idOf(answer))];
          assert.equal(found === undefined, known.length === 0, told);
          if (found !== undefined) assert.ok(known.includes(found), told);
          if (found !== undefined) continue;
          model.ask(one.who, one.key);
          ids.push(idOf(answer));
        } else if ('which' in one) {
          const request = model.requests.at(-1 - one.which);
          if (request === undefined) continue;
          const id = ids.at(-1 - one.which)!;
          if (one.does === 'use') {
            const user = (request.by + one.who) % 2;
            const key = (request.key + one.key) % 2;
            const fits = one.who === 0 && one.key === 0 && model.usable(request);
            assert.equal((await at.reveal(people[user]!, id, keyOf(key))).status, fits ? 200 : 409, told);
            if (fits) {
              request.state = 'over';
              used += 1;
            }
            continue;
          }
          const person = people[one.who]!;
          const may =
            one.does === 'withdraw'
              ? request.by === one.who && model.stateOf(request) !== 'over'
              : model.mayAnswer(one.who, request);
          assert.equal((await at.answer(person, id, one.does)).status === 200, may, told);
          if (!may) continue;
          if (one.does === 'approve') model.approve(one.who, request);
          else request.state = 'over';
        }
      }
    }),
    { numRuns: 100 },
  );
  assert.ok(used >= 10, `only ${used} approvals were used`);
});
