/**
 * What holds for a group: its policy merged with those above it, and with the primary's where this server takes it.
 *
 * Invariant: what is remembered counts only under the count of changes that it was read at. An idle heartbeat reads that
 * count and nothing more.
 */
import { type GroupTree, ROOT_GROUP } from '#domain/group.ts';
import { groupOf, type Member } from '#domain/member.ts';
import {
  effectiveDocument,
  effectiveValues,
  type MergedPolicy,
  mergePolicies,
  policyDigest,
  type PolicyLevel,
} from '#domain/policy/effective-policy.ts';
import type { PolicyDocument } from '#domain/policy/policy.ts';
import { isSendable } from '#domain/policy/sendable.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { DevicePolicy, HeldPolicy, PrimaryPolicy } from '#protocol/policy-messages.ts';
import type { Reader } from '#store/transaction.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { readOptions } from '../repository/settings.ts';
import { groupName, readGroups } from './group-rows.ts';
import {
  NO_COUNT,
  type PolicyCount,
  type PolicyRow,
  readPolicyCount,
  readPrimaryPolicy,
} from './policy-rows.ts';

type PolicyPorts = Pick<ServerPorts, 'rows' | 'server' | 'store'>;

/** A level: a group of this server, or the primary. */
export interface PolicySource {
  readonly kind: 'group' | 'primary';
  readonly id: string;
  readonly name: string;
}

/** All that decides, as read at one moment. */
export interface PolicyState {
  readonly tree: GroupTree;
  readonly policies: ReadonlyMap<string, PolicyRow>;
  readonly primary: (PolicyRow & { readonly from: ServerName }) | undefined;
  /** Of the last change that may hold for every device. */
  readonly everywhere: number;
}

export interface GroupPolicy {
  /** The greatest number of a change on the way down to the group. */
  readonly number: number;
  readonly merged: MergedPolicy<PolicySource>;
  readonly group: string;
  /** As devices are told it. */
  readonly sent: DevicePolicy;
}

export async function readPolicyState(
  { rows }: Pick<PolicyPorts, 'rows'>,
  reader: Reader,
): Promise<PolicyState> {
  const tree = await readGroups(rows, reader);
  const policies = new Map((await rows.all<PolicyRow>(reader, 'policy')).map(({ id, value }) => [id, value]));
  const { takePolicy = false } = await readOptions(rows, reader);
  const taken = takePolicy ? await readPrimaryPolicy(rows, reader) : undefined;
  // Left meanwhile, or joined another one: what a former primary said counts no more.
  const primary = await rows.get<ServerName>(reader, 'primary', 'current');
  const { everywhere } = await readPolicyCount(rows, reader);
  return { tree, policies, primary: taken?.from.id === primary?.id ? taken : undefined, everywhere };
}

/** The ids of the groups from the root down to this one. */
function wayDown(tree: GroupTree, id: string): readonly string[] {
  const group = tree.get(id);
  return group === undefined ? [ROOT_GROUP] : [...wayDown(tree, group.above), id];
}

/** What is said on the way down to the group, from the top. */
export function levelsOf(
  { tree, policies, primary }: PolicyState,
  server: ServerName,
  id: string,
): readonly PolicyLevel<PolicySource>[] {
  const levels: PolicyLevel<PolicySource>[] =
    primary === undefined
      ? []
      : [{ source: { kind: 'primary', ...primary.from }, document: primary.document }];
  for (const one of wayDown(tree, id)) {
    const policy = policies.get(one);
    if (policy === undefined) continue;
    const source: PolicySource = { kind: 'group', id: one, name: groupName(tree, server, one) };
    levels.push({ source, document: policy.document });
  }
  return levels;
}

export function policyOfGroup(state: PolicyState, server: ServerName, id: string): GroupPolicy {
  const { tree, policies, primary, everywhere } = state;
  const merged = mergePolicies(levelsOf(state, server, id));
  const number = Math.max(
    everywhere,
    primary?.number ?? 0,
    ...wayDown(tree, id).flatMap((one) => [policies.get(one)?.number ?? 0, tree.get(one)?.policyNumber ?? 0]),
  );
  const settings = effectiveValues(merged);
  const group = groupName(tree, server, id);
  return {
    number,
    merged,
    group: id,
    sent: { number, digest: policyDigest({ group, settings }), group, settings },
  };
}

export class GroupPolicies {
  readonly #ports: PolicyPorts;
  readonly #known = new Map<string, GroupPolicy>();
  #state: PolicyState | undefined;
  #count: PolicyCount = NO_COUNT;

  constructor(ports: PolicyPorts) {
    this.#ports = ports;
  }

  /** What a device is to be told: its policy, where it has another one. */
  async forDevice(device: Member, held: HeldPolicy | undefined): Promise<DevicePolicy | undefined> {
    if (held === undefined) return undefined;
    const { number, sent } = await this.#of(groupOf(device));
    const own = Math.max(number, device.policyNumber ?? 0);
    if (held.number === own && held.digest === sent.digest) return undefined;
    return isSendable(sent.settings) ? { ...sent, number: own } : undefined;
  }

  /** What a secondary that takes this server's policy is to be told, where it has another one. */
  async forSecondary(held: HeldPolicy | undefined): Promise<PrimaryPolicy | undefined> {
    if (held === undefined) return undefined;
    const { number, merged } = await this.#of(ROOT_GROUP);
    const document: PolicyDocument = effectiveDocument(merged);
    const digest = policyDigest(document);
    if (held.number === number && held.digest === digest) return undefined;
    return isSendable(document) ? { number, digest, document } : undefined;
  }

  async #of(group: string): Promise<GroupPolicy> {
    const { rows, server, store } = this.#ports;
    const count = await readPolicyCount(rows, store.reader);
    if (this.#state === undefined || count.number !== this.#count.number || count.mark !== this.#count.mark) {
      // A change meanwhile has another count: it is read again at the next heartbeat.
      this.#state = await readPolicyState(this.#ports, store.reader);
      this.#count = count;
      this.#known.clear();
    }
    const id = this.#state.tree.placeOf(group);
    const known = this.#known.get(id) ?? policyOfGroup(this.#state, server, id);
    this.#known.set(id, known);
    return known;
  }
}
