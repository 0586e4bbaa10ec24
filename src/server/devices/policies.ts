/**
 * The policy of a group: shown, tried and set.
 *
 * Invariants: only what a device of this release can carry out is set, and no setting that is locked further up. What a
 * change would do is worked out by the rules by which devices are told. Whoever is limited to groups learns what holds
 * there, and not where above it was said.
 */
import { groupInScope, type Scope, scopeOf } from '#domain/scope.ts';
import { type Caller, read, write } from '#domain/right.ts';
import { ROOT_GROUP } from '#domain/group.ts';
import { canonicalCall } from '#domain/canonical-call.ts';
import { effectiveValues, mergePolicies, type Overruled } from '#domain/policy/effective-policy.ts';
import {
  contradictions,
  type PolicyDocument,
  type PolicyFault,
  policyFaults,
  policyInvalid,
  readSettings,
  type SettingValues,
} from '#domain/policy/policy.ts';
import { POLICY_DEFAULTS, SETTING_NAMES } from '#domain/policy/settings.ts';
import type { ServerName } from '#domain/server-name.ts';
import { step } from '#domain/step.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { Reader } from '#store/transaction.ts';
import type { z } from 'zod';
import { type CallLife, UNWATCHED } from '../environment/call-life.ts';
import { isoTime } from '../environment/environment.ts';
import { findGroup, groupName } from '../groups/group-rows.ts';
import {
  type GroupPolicy,
  levelsOf,
  policyOfGroup,
  type PolicySource,
  type PolicyState,
  readPolicyState,
} from '../groups/group-policies.ts';
import { nextPolicyNumber, putPolicy } from '../groups/policy-rows.ts';
import type { ServerPorts } from '../repository/ports.ts';

type PolicyPorts = Pick<ServerPorts, 'audit' | 'clock' | 'random' | 'rows' | 'server' | 'store'>;
type Asked<N extends keyof PeopleRoutes> = z.output<PeopleRoutes[N]['request']>;
type Shown = PeopleAnswer<'showPolicy'>;
type Effect = PeopleAnswer<'previewPolicy'>;
type Where = Shown['settings'][number]['from'];

const SEE = read('Managed devices');
const CHANGE = write('Managed devices');
const DEFAULT: Where = { kind: 'default', id: null, name: null };

export async function showPolicy(
  ports: Pick<PolicyPorts, 'rows' | 'server' | 'store'>,
  caller: Caller,
  { id: wanted }: Asked<'showPolicy'>,
): Promise<Shown> {
  const scope = scopeOf(caller, SEE);
  const state = await readPolicyState(ports, ports.store.reader);
  const id = findGroup(state.tree, ports.server, scope, wanted);
  const policy = policyOfGroup(state, ports.server, id);
  const above = mergePolicies(levelsOf(state, ports.server, id).filter(({ source }) => source.id !== id));
  const here = { id, name: groupName(state.tree, ports.server, id) };
  return {
    group: here,
    policy: documentOf(state, id),
    number: policy.number,
    inherited: shownSettings(above, scope),
    settings: withDefaults(shownSettings(policy.merged, scope)),
    overruled: overruledHere(policy).map(({ setting, by }) => ({
      setting,
      group: here,
      by: whereFrom(by, scope),
    })),
  };
}

export async function previewPolicy(
  ports: Pick<PolicyPorts, 'rows' | 'server' | 'store'>,
  caller: Caller,
  { id: wanted, policy }: Asked<'previewPolicy'>,
): Promise<Effect> {
  const { reader } = ports.store;
  const scope = scopeOf(caller, CHANGE);
  const state = await readPolicyState(ports, reader);
  const id = findGroup(state.tree, ports.server, scope, wanted);
  return judge({ state, server: ports.server, reader, scope }, id, policy);
}

export async function setPolicy(
  ports: PolicyPorts,
  caller: Caller,
  { id: wanted, policy }: Asked<'setPolicy'>,
  { requireVersion }: Pick<CallLife, 'requireVersion'> = UNWATCHED,
): Promise<PeopleAnswer<'setPolicy'>> {
  const { rows, server, store, audit } = ports;
  const scope = scopeOf(caller, CHANGE);
  return store.write(async (transaction) => {
    const state = await readPolicyState(ports, transaction);
    const found = findGroup(state.tree, server, scope, wanted);
    const before = documentOf(state, found);
    requireVersion({ policy: before }, state.policies.get(found)?.changed);
    const effect = await judge({ state, server, reader: transaction, scope }, found, policy);
    const number = await nextPolicyNumber(ports, transaction);
    const changed = { by: caller.name, at: isoTime(ports.clock()) };
    await putPolicy(rows, transaction, found, { document: policy, number, changed });
    await audit.append(transaction, [
      {
        event: 'policy-changed',
        by: caller.name,
        group: found,
        name: effect.group.name,
        policyNumber: number,
        policy,
        before,
        devices: effect.devices,
      },
    ]);
    return { ...effect, policy, number };
  });
}

function documentOf({ policies }: PolicyState, id: string): PolicyDocument {
  return policies.get(id)?.document ?? {};
}

/** What a policy of that group would do. Throws `policy-invalid`. */
async function judge(
  {
    state: before,
    server,
    reader,
    scope,
  }: {
    readonly state: PolicyState;
    readonly server: ServerName;
    readonly reader: Reader;
    readonly scope: Scope;
  },
  id: string,
  policy: PolicyDocument,
): Promise<Effect> {
  const { tree } = before;
  const after: PolicyState = {
    ...before,
    policies: new Map([...before.policies, [id, { document: policy, number: 0 }]]),
  };
  const pairs = [...tree.within([id])].map((group) => ({
    before: policyOfGroup(before, server, group),
    after: policyOfGroup(after, server, group),
  }));
  // The group itself is among those that it is in.
  const here = pairs.find((pair) => pair.after.group === id)!;
  requireSound(policy, here, pairs, scope);
  const changed = pairs.filter((pair) => pair.before.sent.digest !== pair.after.sent.digest);
  const counts = await reader.countDevices(changed.map((pair) => pair.after.group));
  const named = (group: string) => ({ id: group, name: groupName(tree, server, group) });
  return {
    group: named(id),
    changes: changesBetween(here.before, here.after),
    devices: changed.reduce((sum, pair) => sum + (counts.get(pair.after.group) ?? 0), 0),
    groups: changed.map((pair) => named(pair.after.group)),
    overruled: pairs.flatMap((pair) =>
      newlyOverruled(pair).map(({ setting, by }) => ({
        setting,
        group: named(pair.after.group),
        by: whereFrom(by, scope),
      })),
    ),
  };
}

interface Pair {
  readonly before: GroupPolicy;
  readonly after: GroupPolicy;
}

function requireSound(policy: PolicyDocument, here: Pair, pairs: readonly Pair[], scope: Scope): void {
  const faults = [...policyFaults(policy)];
  for (const { setting, by } of overruledHere(here.after))
    faults.push({ setting, problem: `is locked ${placeWords(whereFrom(by, scope))}` });
  // Each level may be sound, and the levels together contradict each other.
  if (faults.length === 0) faults.push(...pairs.flatMap((pair) => newContradictions(pair, here.after.group)));
  if (faults.length > 0) throw policyInvalid(faults, step('look-at-policy-schema'));
}

function newContradictions({ before, after }: Pair, id: string): readonly PolicyFault[] {
  const known = new Set(contradictions(before.sent.settings).map((fault) => JSON.stringify(fault)));
  const where = after.group === id ? '' : `, in the group ${JSON.stringify(after.sent.group)}`;
  return contradictions(after.sent.settings)
    .filter((fault) => !known.has(JSON.stringify(fault)))
    .map((fault) => ({ ...fault, problem: `${fault.problem}${where}` }));
}

function placeWords({ kind, name }: Where): string {
  if (name === null) return 'by a group above';
  return kind === 'primary' ? `by the primary ${name}` : `by the group ${JSON.stringify(name)}`;
}

function changesBetween(before: GroupPolicy, after: GroupPolicy): Effect['changes'] {
  const old: SettingValues = { ...POLICY_DEFAULTS, ...before.sent.settings };
  const now: SettingValues = { ...POLICY_DEFAULTS, ...after.sent.settings };
  const names = new Set([...Object.keys(old), ...Object.keys(now)]);
  return [...names]
    .filter((setting) => canonicalCall(old[setting]) !== canonicalCall(now[setting]))
    .map((setting) => ({ setting, before: old[setting], after: now[setting] }));
}

/** Of what the group itself says, what does not count. */
function overruledHere({ group, merged }: GroupPolicy): readonly Overruled<PolicySource>[] {
  return merged.overruled.filter(({ source }) => source.id === group);
}

function newlyOverruled({ before, after }: Pair): readonly Overruled<PolicySource>[] {
  const known = new Set(overruledHere(before).map(({ setting }) => setting));
  return overruledHere(after).filter(({ setting }) => !known.has(setting));
}

function whereFrom({ kind, id, name }: PolicySource, scope: Scope): Where {
  const isSeen = kind === 'primary' ? groupInScope(scope, ROOT_GROUP) : groupInScope(scope, id);
  return isSeen ? { kind, id, name } : { kind, id: null, name: null };
}

function shownSettings(merged: GroupPolicy['merged'], scope: Scope): Shown['settings'] {
  const { notKnown } = readSettings(effectiveValues(merged));
  return inOrder(
    merged.settings.map(({ setting, value, source, locked }) => ({
      setting,
      value,
      from: whereFrom(source, scope),
      locked,
      known: !notKnown.some((one) => one.setting === setting),
    })),
  );
}

function withDefaults(settings: Shown['settings']): Shown['settings'] {
  const isSet = new Set(settings.map(({ setting }) => setting));
  const others = SETTING_NAMES.filter((setting) => !isSet.has(setting)).map((setting) => ({
    setting,
    value: POLICY_DEFAULTS[setting] as unknown,
    from: DEFAULT,
    locked: false,
    known: true,
  }));
  return inOrder([...settings, ...others]);
}

/** Those of this release as they are documented, then others. */
function inOrder(settings: Shown['settings']): Shown['settings'] {
  const place = ({ setting }: { readonly setting: string }): number => {
    const at = (SETTING_NAMES as readonly string[]).indexOf(setting);
    return at === -1 ? SETTING_NAMES.length : at;
  };
  return settings.toSorted((one, other) => place(one) - place(other));
}
