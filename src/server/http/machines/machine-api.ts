/**
 * What machines may call and what each call runs: one row for each route, and one entrance. It knows nothing of HTTP,
 * so a simulation calls the same code.
 *
 * Invariant: before the body is looked at, every request is checked against the route's row and the membership row, and
 * charged to the caller's budget.
 */
import { codeOf, type ErrorCode, KeystairError } from '#domain/errors.ts';
import type { Introduction } from '#protocol/introduction.ts';
import type { Member, MemberKind } from '#domain/member.ts';
import {
  type AnswerOf,
  MACHINE_ROUTES,
  type MachineCaller,
  type MachineRouteName,
  type RequestOf,
} from '#protocol/machine-routes.ts';
import type { Reader } from '#store/transaction.ts';
import type { MemberIdentity, PeerIdentity } from '#transport/peer-identity.ts';
import { chargeMember, type MemberBudgets } from '../../members/member-budgets.ts';
import { arrive, arrived, type ArrivePorts, moved } from '../../devices/arrive.ts';
import type { GroupPolicies } from '../../groups/group-policies.ts';
import { InTurn } from '../../environment/in-turn.ts';
import { deviceHeartbeat, missingReceipts, returnReceipts } from '../../devices/device-heartbeat.ts';
import { recordDeviceKey } from '../../devices/record-device-key.ts';
import { serveRecovery, listRecoverable } from '../../hierarchy/recovery/serve-recovery.ts';
import type { Checkpoints } from '../../checkpoints/checkpoints.ts';
import type { OpenStreams } from '../../hierarchy/secondaries/open-streams.ts';
import { receiveHeartbeat } from '../../hierarchy/secondaries/receive-heartbeat.ts';
import { receiveTransmission } from '../../hierarchy/secondaries/receive-transmission.ts';
import { type ExplainPorts, explainToSecondary } from '../../keys/explain.ts';
import {
  type ProvidePorts,
  provideToDevice,
  provideToSecondary,
  unwrapForDevice,
} from '../../keys/provide.ts';
import { admit, type Joiner } from '../../members/admit.ts';
import type { Credentials } from '../../members/credentials.ts';
import { requireMember, notAMember, removeMember } from '../../members/members.ts';
import { renew } from '../../members/renew.ts';
import { CALL_COSTS } from './call-costs.ts';

export interface MachineApiPorts extends ProvidePorts, ArrivePorts, ExplainPorts {
  readonly credentials: Credentials;
  readonly budgets: MemberBudgets;
  readonly streams: OpenStreams;
  readonly checkpoints: Checkpoints | undefined;
  readonly policies: GroupPolicies;
  readonly introduction: () => Introduction;
}

/** Who was admitted, and how to ask again whether it is still allowed. */
type Admitted =
  | { readonly as: 'joiner'; readonly joiner: Joiner }
  | { readonly as: 'member'; readonly member: Member; readonly again: (reader: Reader) => Promise<Member> };

interface Call<Request> {
  readonly ports: MachineApiPorts;
  readonly member: Member;
  /** The member's row as it is now: for the transaction that stores, and before an answer. */
  readonly again: (reader: Reader) => Promise<Member>;
  readonly request: Request;
}

type Handlers = {
  readonly [N in Exclude<MachineRouteName, 'join' | 'transmit'>]: (
    call: Call<RequestOf<N>>,
  ) => Promise<AnswerOf<N>>;
};

const HANDLERS: Handlers = {
  renew: ({ ports, member }) => renew(ports, ports.credentials, member),
  heartbeat: ({ ports, member, again, request }) =>
    receiveHeartbeat(ports, member, again, request, {
      addresses: ports.credentials.addresses(),
      line: ports.link.line,
    }),
  lookup: ({ ports, member, again, request }) =>
    provideToSecondary(ports, member, () => again(ports.store.reader), request),
  explain: ({ ports, member, request }) => explainToSecondary(ports, member, request),
  recoverable: ({ ports, member, again, request }) =>
    listRecoverable(ports, member, () => again(ports.store.reader), request),
  recover: ({ ports, member, again, request }) =>
    serveRecovery(ports, member, () => again(ports.store.reader), request),
  leave: async ({ ports, member }) => {
    await removeMember(ports, `secondary:${member.id}`, member.id);
    ports.hierarchyChanged.raise();
    return {};
  },
  deviceHeartbeat: ({ ports, again, request }) =>
    deviceHeartbeat(ports, again, request, ports.credentials.addresses()),
  record: ({ ports, member, again, request }) => recordDeviceKey(ports, member, again, request),
  missingReceipts: ({ ports, member, request }) => missingReceipts(ports, member, request),
  returnReceipts: ({ ports, member, again, request }) => returnReceipts(ports, member, again, request),
  deviceLookup: ({ ports, member, again, request }) =>
    provideToDevice(ports, member, () => again(ports.store.reader), request),
  unwrap: ({ ports, member, again, request }) =>
    unwrapForDevice(ports, member, () => again(ports.store.reader), request),
  arrive: ({ ports, member, again, request }) => arrive(ports, member, again, request),
  arrived: ({ ports, again }) => arrived(ports, again),
  moved: ({ ports, again, request }) => moved(ports, again, request),
};

/** Calls that carry keys or claims of a secondary, besides its transmissions. They end when its link is closed. */
const KEYS_TRAVEL = new Set<MachineRouteName>(['lookup', 'explain', 'recoverable', 'recover']);

/**
 * Pages: each opens keys by the hundred. Agents and servers send one after the other, so a member that sends many at once
 * waits for itself.
 */
const ONE_AT_A_TIME = new Set<MachineRouteName>(['arrive', 'recoverable', 'recover']);

/**
 * Failures for which a member is refused. Any other failure is trouble of this server or of the line, and goes to the
 * log.
 */
const REFUSED_FOR: ReadonlySet<ErrorCode> = new Set([
  'file-damaged',
  'later',
  'not-a-member',
  'not-allowed',
  'record-conflict',
  'record-invalid',
  'request-invalid',
]);

export class MachineApi {
  readonly #ports: MachineApiPorts;
  readonly #pages = new InTurn();

  constructor(ports: MachineApiPorts) {
    this.#ports = ports;
  }

  /**
   * Admits the caller, or throws. Refusals are recorded in the audit log.
   *
   * @param mayCall throws what the connection itself has against the call. Who calls is in the certificate alone.
   */
  async admit(
    name: MachineRouteName,
    peer: PeerIdentity,
    mayCall: () => void = () => undefined,
  ): Promise<Admitted> {
    const admitted = await this.#orNoted(name, nameOf(peer), countedAs(peer), () => {
      mayCall();
      return this.#judge(name, peer);
    });
    if (admitted.as === 'joiner') return admitted;
    const caller = `${admitted.member.kind}:${admitted.member.id}`;
    await this.#orNoted(name, caller, caller, async () => this.#charge(name, admitted.member));
    return admitted;
  }

  async #orNoted<T>(
    name: MachineRouteName,
    caller: string,
    counted: string,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof KeystairError) await this.#noteRefusal(name, caller, error.code, counted);
      throw error;
    }
  }

  #charge(name: MachineRouteName, member: Member): void {
    const cost = CALL_COSTS[name];
    if (typeof cost !== 'string')
      chargeMember(this.#ports.budgets, member, cost.share, { calls: cost.calls });
  }

  /** A connection was ended because of how it was used. */
  async connectionEnded(peer: PeerIdentity, because: string): Promise<void> {
    const caller = countedAs(peer);
    await this.#ports.refusals.note(caller, because, {
      event: 'connection-ended',
      by: caller,
      caller,
      because,
    });
  }

  /** Runs an admitted call with its parsed body. Refusals of a member are recorded in the audit log too. */
  async run(name: MachineRouteName, admitted: Admitted, body: unknown, abort: () => void): Promise<unknown> {
    if (admitted.as === 'joiner') return this.#join(admitted.joiner, body as RequestOf<'join'>);
    try {
      return await this.#runForMember(name, admitted, body, abort);
    } catch (error) {
      const code = codeOf(error);
      const { kind, id } = admitted.member;
      if (REFUSED_FOR.has(code)) await this.#noteRefusal(name, `${kind}:${id}`, code);
      throw error;
    }
  }

  async #runForMember(
    name: MachineRouteName,
    { member, again }: Extract<Admitted, { as: 'member' }>,
    body: unknown,
    abort: () => void,
  ): Promise<unknown> {
    const ports = this.#ports;
    if (name === 'transmit') {
      return ports.streams.runTransmission(member.id, abort, () =>
        receiveTransmission(ports, member, again, body as AsyncIterable<Uint8Array>),
      );
    }
    const handler = HANDLERS[name as keyof Handlers] as (call: Call<unknown>) => Promise<unknown>;
    const handle = () => handler({ ports, member, again, request: body });
    const work = ONE_AT_A_TIME.has(name) ? () => this.#pages.run(member.id, handle) : handle;
    return KEYS_TRAVEL.has(name) ? ports.streams.run(member.id, abort, work) : work();
  }

  async #join(joiner: Joiner, request: RequestOf<'join'>): Promise<unknown> {
    const ports = this.#ports;
    try {
      return await admit(ports, ports.credentials, joiner, request, ports.link.line);
    } catch (error) {
      // Counted like other callers that have only a key of their own.
      if (error instanceof KeystairError)
        await ports.refusals.note('joiner', error.code, {
          event: 'invitation-refused',
          by: `joiner:${joiner.fingerprint.slice(0, 16)}`,
          reason: error.code,
        });
      throw error;
    }
  }

  async #noteRefusal(
    route: MachineRouteName,
    caller: string,
    code: ErrorCode,
    counted = caller,
  ): Promise<void> {
    await this.#ports.refusals.note(counted, code, {
      event: 'call-refused',
      by: caller,
      caller,
      code,
      route,
    });
  }

  async #judge(name: MachineRouteName, peer: PeerIdentity): Promise<Admitted> {
    const { caller } = MACHINE_ROUTES[name];
    if (caller === 'joiner') return { as: 'joiner', joiner: requireJoiner(peer) };
    if (peer.kind !== 'member') throw notAMember();
    const kinds: readonly MemberKind[] = caller === 'lapsed-member' ? ['device', 'secondary'] : [caller];
    const { memberId, fingerprint } = peer;
    const again = (reader: Reader) => requireMember(this.#ports, reader, { memberId, fingerprint }, kinds);
    const member = await again(this.#ports.store.reader);
    requireDates(peer, caller);
    return { as: 'member', member, again };
  }
}

function requireDates({ dates }: MemberIdentity, caller: MachineCaller): void {
  if (dates === 'valid' || caller === 'lapsed-member') return;
  throw new KeystairError('certificate-expired', 'the certificate is not valid at the time of this server', {
    nextStep:
      'the agent or server renews it automatically; if this continues, compare the clocks of both machines',
  });
}

function requireJoiner(peer: PeerIdentity): Joiner {
  if (peer.kind === 'self-signed' || peer.kind === 'member') {
    return { publicKey: peer.publicKey, fingerprint: peer.fingerprint };
  }
  throw notAMember();
}

/**
 * A caller that proves only a key can make a new one each time. Such callers are counted together, or they would fill
 * the log.
 */
function countedAs(peer: PeerIdentity): string {
  return peer.kind === 'self-signed' ? 'joiner' : nameOf(peer);
}

function nameOf(peer: PeerIdentity): string {
  switch (peer.kind) {
    case 'member':
      return `member:${peer.memberId}`;
    case 'self-signed':
      return `joiner:${peer.fingerprint.slice(0, 16)}`;
    case 'stranger':
    case 'none':
      return peer.kind;
  }
}
