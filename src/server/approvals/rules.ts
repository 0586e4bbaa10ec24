/**
 * The rules: how many other people must approve which acts. One trusted row holds all of them.
 *
 * Invariant: if the row cannot be trusted, every act that could have a rule is refused.
 */
import { type Act, ACTS } from '#domain/act.ts';
import { type ApprovalRules, approversNeeded, mayApprove } from '#domain/approval.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import { type Notice, step, warn } from '#domain/step.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Reader } from '#store/transaction.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { type KnownByRowPorts, peopleWhoSignIn } from './known-by-row.ts';
import type { ApprovalPorts } from './ports.ts';

const ROW = 'approval-rules';

interface RulesRow {
  readonly rules: ApprovalRules;
}

/** Throws `row-untrusted`. */
export async function readRules({ rows }: Pick<ServerPorts, 'rows'>, reader: Reader): Promise<ApprovalRules> {
  const row = await rows.get<RulesRow>(reader, 'setting', ROW);
  if (row !== undefined) return row.rules;
  if ((await reader.row('setting', ROW)) === undefined) return {};
  throw new KeystairError('row-untrusted', 'the rules of approval were altered in the database', {
    nextStep:
      'find out who could write there, and restore the newest backup; until then every act that a rule could cover is refused',
  });
}

export async function listRules(
  ports: Pick<ServerPorts, 'rows' | 'store'>,
): Promise<PeopleAnswer<'listApprovalRules'>> {
  return shown(await readRules(ports, ports.store.reader));
}

function shown(rules: ApprovalRules): PeopleAnswer<'listApprovalRules'> {
  return { rules: ACTS.flatMap((act) => (rules[act] === undefined ? [] : [{ act, approvers: rules[act] }])) };
}

async function countApprovers(ports: KnownByRowPorts, reader: Reader): Promise<number> {
  return (await peopleWhoSignIn(ports, reader)).filter(mayApprove).length;
}

/** Throws `approval-refused` if fewer people could approve than the rule requires. */
export async function setRule(
  ports: ApprovalPorts,
  caller: Caller,
  { act, approvers }: { readonly act: Act; readonly approvers: number },
): Promise<PeopleAnswer<'listApprovalRules'>> {
  return ports.store.write(async (transaction) => {
    const before = await readRules(ports, transaction);
    // The gate decided under the rules before this transaction.
    const asked = { act: 'approvals.rules', operation: '', parameters: { act, approvers } } as const;
    if (approversNeeded(before, asked) > (caller.approval?.approvers ?? 0)) throw changedMeanwhile();
    const possible = await countApprovers(ports, transaction);
    if (approvers > possible) {
      throw new KeystairError(
        'approval-refused',
        `a rule that asks for ${approvers} could never be met: ${possible === 0 ? 'nobody' : `only ${possible}`} here may answer requests`,
        { nextStep: step('find-approvers') },
      );
    }
    const { [act]: _, ...others } = before;
    const rules: ApprovalRules = approvers < 1 ? others : { ...others, [act]: approvers };
    const row: RulesRow = { rules };
    await ports.rows.put(transaction, 'setting', ROW, row);
    await ports.audit.append(transaction, [
      {
        event: 'approval-rule-changed',
        by: caller.name,
        act,
        approvers: Math.max(0, approvers),
        before: before[act] ?? 0,
      },
    ]);
    return shown(rules);
  });
}

function changedMeanwhile(): KeystairError {
  return new KeystairError('approval-refused', 'the rules became stricter while this call was under way', {
    nextStep: 'do it again',
  });
}

/** For the status: rules that too few people could satisfy. */
export async function ruleWarnings(
  ports: Pick<ServerPorts, 'store'> & KnownByRowPorts,
): Promise<readonly Notice[]> {
  const { reader } = ports.store;
  // Other warnings already report an altered row.
  const rules = await readRules(ports, reader).catch((): ApprovalRules => ({}));
  const asking = ACTS.filter((act) => rules[act] !== undefined);
  if (asking.length === 0) return [];
  const possible = await countApprovers(ports, reader);
  return asking
    .filter((act) => rules[act]! > possible)
    .map((act) =>
      warn(
        { name: 'rule-too-strict', details: { act, asked: String(rules[act]), left: String(possible) } },
        `${act} asks for ${rules[act]} approvers, and ${possible === 0 ? 'nobody is' : `only ${possible} are`} left who may answer: it cannot be done`,
        step('find-approvers'),
      ),
    );
}
