/**
 * Enrolment: joining a server, and changing to another. A device that changes stays where it is until every key it
 * needs is recorded in the new server's own repository. One write of its state decides; then both servers are notified.
 */
import { hash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { KeystairError } from '#domain/errors.ts';
import { decodeInvitation, type Invitation } from '#domain/invitation.ts';
import { DEVICE_PAGE_MAX } from '#domain/limits.ts';
import { explainRefusal, type LookupRefusal } from '#domain/lookup.ts';
import type { ServerName } from '#domain/server-name.ts';
import { readName } from '#domain/name.ts';
import { step, told } from '#domain/step.ts';
import type { EnrolReport } from '#protocol/agent-program.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { askToJoin } from '#transport/ask-to-join.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import type { AgentKey } from './agent-key.ts';
import { heartbeat } from './heartbeat.ts';
import type { AgentPorts } from './ports.ts';
import { keyPairOf, withMembership } from './server-connection.ts';
import type { Device, Membership } from './state.ts';

export async function enrol(
  ports: AgentPorts,
  request: { readonly invitation: string; readonly name: string | undefined },
): Promise<EnrolReport> {
  const invitation = decodeInvitation(request.invitation);
  if (invitation.kind !== 'device') {
    throw new KeystairError('invitation-invalid', 'this invitation is for a secondary, not for a device', {
      nextStep: step('ask-for-device'),
    });
  }
  const before = prepareDevice(ports);
  const device = { ...before, name: request.name ?? before.name };
  const present = ports.state.get('membership');
  if (present === undefined || present.server.id === invitation.server.id) {
    const membership = await join(ports, device, invitation, false);
    ports.state.transaction(() => {
      const now = ports.state.get('membership');
      if (now !== undefined && now.server.id !== membership.server.id) throw changedMeanwhile();
      ports.state.set('membership', membership);
      ports.state.set('device', device);
    });
    await firstHeartbeat(ports);
    return reportOf(device, membership.server, 0, 0, [], undefined);
  }
  return change(ports, { before, device }, invitation, present);
}

/** The key pair is stored before use, so that a lost answer can be requested again with the same key. */
function prepareDevice(ports: AgentPorts): Device {
  return ports.state.transaction(() => {
    const present = ports.state.get('device');
    if (present !== undefined) return present;
    const read = readName(hostname());
    const name = 'name' in read ? read.name : 'device';
    const device: Device = { id: randomUUID(), name, privateKeyPem: makeKeyPair().privateKeyPem };
    ports.state.set('device', device);
    return device;
  });
}

async function join(
  ports: AgentPorts,
  device: Device,
  invitation: Invitation,
  arriving: boolean,
): Promise<Membership> {
  const answer = await askToJoin({
    invitation,
    keyPair: keyPairOf(device),
    id: device.id,
    name: device.name,
    arriving,
    now: ports.clock,
  });
  return {
    server: answer.server,
    addresses: answer.addresses.length > 0 ? answer.addresses : invitation.addresses,
    authority: answer.authority,
    certificate: answer.certificate,
  };
}

async function change(
  ports: AgentPorts,
  { before, device }: { readonly before: Device; readonly device: Device },
  invitation: Invitation,
  present: Membership,
): Promise<EnrolReport> {
  const secretHash = hash('sha256', invitation.secret, 'hex');
  const membership = await join(ports, device, invitation, true);
  ports.state.set('arriving', { membership, secretHash });
  const { needed, obtained, refused } = await withMembership(ports, membership, (calls) =>
    moveOver(ports, calls, device, present, membership),
  );
  if (refused.length > 0) {
    const explained = refused.map((one) => ({ id: one.id, ...explainRefusal(one) }));
    return reportOf(
      before,
      present.server,
      needed,
      obtained,
      explained.map(({ id, sentence }) => ({ id, because: sentence })),
      stays(present, membership, explained),
    );
  }
  await firstHeartbeat(ports);
  return reportOf(device, membership.server, needed, obtained, [], undefined);
}

/** Shows keys until all have been shown, including keys that another command makes meanwhile. */
async function moveOver(
  ports: AgentPorts,
  calls: MachineCalls,
  device: Device,
  present: Membership,
  membership: Membership,
) {
  const shown = new Set<string>();
  let obtained = 0;
  for (;;) {
    const { receipts, refused } = await showKeys(
      calls,
      neededKeys(ports).filter(({ id }) => !shown.has(id)),
    );
    // Receipts of the new server are kept whether or not the device moves over yet.
    ports.state.transaction(() => {
      for (const { id, receipt } of receipts) ports.state.putReceipt(membership.server.id, id, receipt);
    });
    for (const { id } of [...receipts, ...refused]) shown.add(id);
    obtained += receipts.length;
    if (refused.length > 0 || decide(ports, device, present, membership, shown)) {
      return { needed: shown.size, obtained, refused };
    }
  }
}

/** The one write that decides, including the new name. False where the device needs a key that was not shown. */
function decide(
  ports: AgentPorts,
  device: Device,
  present: Membership,
  membership: Membership,
  shown: ReadonlySet<string>,
): boolean {
  return ports.state.transaction(() => {
    if (ports.state.requireMembership().server.id !== present.server.id) throw changedMeanwhile();
    if (neededKeys(ports).some(({ id }) => !shown.has(id))) return false;
    ports.state.set('device', device);
    ports.state.set('membership', membership);
    ports.state.set('left-server', { membership: present, to: membership.server });
    ports.state.set('tell-arrived', true);
    ports.state.unset('arriving');
    return true;
  });
}

function changedMeanwhile(): KeystairError {
  return new KeystairError(
    'interrupted',
    'another command moved this device to another server in the meantime',
    {
      nextStep: step('enrol-again'),
    },
  );
}

/** Every key this device made or opened. */
function neededKeys(ports: AgentPorts): readonly AgentKey[] {
  return ports.state.keys().filter(({ custody }) => custody !== 'pending');
}

/**
 * Makes the server's list show the device as heard, and notifies both servers of a change. It may fail: the device is
 * enrolled all the same, and the next heartbeat delivers this.
 */
async function firstHeartbeat(ports: AgentPorts): Promise<void> {
  await heartbeat(ports).catch(() => undefined);
}

/** Shows id and claim of each key, page by page. */
async function showKeys(calls: MachineCalls, needed: readonly AgentKey[]) {
  const receipts: { id: string; receipt: string }[] = [];
  const refused: ({ readonly id: string } & LookupRefusal)[] = [];
  for (let at = 0; at < needed.length; at += DEVICE_PAGE_MAX) {
    const page = needed.slice(at, at + DEVICE_PAGE_MAX).map(({ id, claim }) => ({ id, claim }));
    const answer = await calls.call('arrive', { keys: page }, { timeoutMs: 120_000 });
    const byId = new Map(answer.keys.map((key) => [key.id, key]));
    for (const { id } of page) {
      const key = byId.get(id);
      if (key?.outcome === 'recorded') receipts.push({ id, receipt: key.receipt });
      else if (key !== undefined) refused.push(key);
      else
        throw new KeystairError('request-invalid', `the new server did not say whether it has key ${id}`, {
          nextStep: 'try again; if it happens again, check the log of that server',
        });
    }
  }
  return { receipts, refused };
}

/** The reasons, most blocked keys first, and the steps that fix them. */
function stays(
  present: Membership,
  wanted: Membership,
  explained: readonly ReturnType<typeof explainRefusal>[],
): KeystairError {
  const reasons = [...Map.groupBy(explained, ({ sentence }) => sentence)].toSorted(
    ([, some], [, others]) => others.length - some.length,
  );
  const because =
    reasons.length === 1
      ? `, because ${reasons[0]![0]}`
      : `: ${reasons.map(([sentence, { length }]) => `${length} because ${sentence}`).join('; ')}`;
  const steps = new Map(reasons.map(([, [first]]) => [told(first!.nextStep).nextStep, first!.nextStep]));
  return new KeystairError(
    'device-stays',
    `the device stays with ${present.server.name}: ${wanted.server.name} lacks ${explained.length} of its keys${because}`,
    { nextStep: [...steps.values(), 'then enrol again with the same invitation'] },
  );
}

function reportOf(
  device: Device,
  server: ServerName,
  needed: number,
  obtained: number,
  missing: EnrolReport['missing'],
  stays: KeystairError | undefined,
): EnrolReport {
  const keys = { needed, obtained, missing: missing.map(({ id }) => id) };
  return { device: { id: device.id, name: device.name }, server, keys, missing, stays };
}
