/**
 * The witness: sees what happens in a world and holds it against the promises. Stands apart from the servers: it knows
 * what devices made and heard, what travelled, and what became durable.
 */
import { MACHINE_ROUTES } from '#protocol/machine-routes.ts';
import type { Reader } from '#store/transaction.ts';
import type { PeerIdentity } from '#transport/peer-identity.ts';
import type { Device, MadeKey } from '../world/device.ts';
import type { Instance, Opened } from '../world/instance.ts';
import type { Life } from '../world/life.ts';
import type { Answer, CallingEnd, PinnedEnd, ServedCall } from '../world/network.ts';
import { routeOf } from '../world/serve.ts';
import type { Committed } from '../world/store-port.ts';
import type { World } from '../world/world.ts';
import { BudgetLevels } from './budgets.ts';
import { checkImportEvents } from './by-hand.ts';
import { checkAnswerDown, checkAnswerToDevice, checkArrivals, checkCallUp } from './confinement.ts';
import { checkAcknowledged, checkAppended, checkCursors, checkOpened } from './custody.ts';
import { Departures } from './departures.ts';
import { Facts } from './facts.ts';
import { checkGivenBack } from './given-back.ts';
import { checkLookup } from './lookups.ts';
import { ProvisionCounts, provisionName } from './provisions.ts';

const SOUND = 'a server meets no failure it has no word for';
const FORGED = 'a record that does not fit its id is refused';
const REVEALED = 'a reveal gives the exact material';
/** Calls of a secondary in which keys or claims travel. */
const KEYS_TRAVEL_UP = new Set(['transmit', 'lookup', 'explain', 'recoverable', 'recover']);
/** Calls whose answers say that something is durable, or carry keys. */
const JUDGED = new Set([
  'record',
  'arrive',
  'returnReceipts',
  'transmit',
  'recover',
  'lookup',
  'deviceLookup',
  'unwrap',
]);

export class Witness {
  readonly #world: World;
  readonly facts: Facts;
  readonly #departures: Departures;
  readonly #budgets: BudgetLevels;
  readonly #provisions: ProvisionCounts;
  readonly #since = new WeakMap<ServedCall, number>();

  constructor(world: World) {
    this.#world = world;
    this.facts = new Facts(() => world.schedule.now);
    this.#departures = new Departures(this.facts);
    this.#budgets = new BudgetLevels(this.facts);
    this.#provisions = new ProvisionCounts(this.facts);
  }

  async onOpened(instance: Instance, reader: Reader, opened: Opened): Promise<void> {
    await checkOpened(this.facts, instance, reader, opened);
    if (opened !== 'as-it-was') this.#departures.startOver(instance);
  }

  onCommitted(instance: Instance, life: Life, committed: Committed): void {
    const { facts } = this;
    const { observed } = instance;
    const before = observed.links;
    observed.addRows(committed.rows, facts.now);
    checkAppended(facts, instance, committed);
    const keys = observed.addKeys(committed.keys, facts.now);
    for (const key of keys) {
      this.#world.trace.tell(instance.name, `recorded ${key.id} as ${key.seq} from ${key.receivedFrom}`);
    }
    checkArrivals(facts, this.#world, instance, keys, [before, observed.links]);
    checkCursors(facts, this.#world, instance, committed);
    observed.addCursors(committed);
    observed.addAudit(committed.audit);
    this.#provisions.committed(instance, life, committed.audit);
    checkImportEvents(facts, instance, committed.audit);
  }

  onCall(caller: CallingEnd, target: PinnedEnd, path: string, body: string | Uint8Array): void {
    const route = routeOf(path);
    const instance = this.#instance(caller.name);
    const site = this.#world.siteByAddress(target.address);
    if (instance === undefined || site === undefined || !KEYS_TRAVEL_UP.has(route)) return;
    checkCallUp(this.facts, instance, site, route, body);
    if (route === 'transmit') this.#departures.batchLeaves(instance, site, body as Uint8Array);
  }

  onFailure(caller: string): void {
    this.facts.failures.set(caller, this.facts.now);
  }

  onCallServed(instance: Instance, life: Life, call: ServedCall, peer: PeerIdentity): void {
    this.#since.set(call, this.facts.now);
    if (peer.kind !== 'member') return;
    this.#budgets.begins(instance, life, peer.memberId, call);
    const name = this.#provisionOf(call, peer.memberId);
    if (name !== undefined) this.#provisions.asked(life, name);
  }

  onAnswer(instance: Instance, life: Life, call: ServedCall, peer: PeerIdentity, answer: Answer): void {
    const route = routeOf(call.path);
    if (peer.kind !== 'member') return;
    const caller = this.#world.siteById(peer.memberId);
    this.#budgets.answered(instance, life, peer.memberId, call, answer);
    if (answer.status !== 200) {
      // Whichever copy of it called.
      for (const { name } of caller?.instances ?? []) {
        this.facts.failures.set(name, this.facts.now);
        if (answer.status === 403) this.facts.refusals.set(name, this.facts.now);
      }
      return;
    }
    if (!JUDGED.has(route)) return;
    const document = JSON.parse(answer.body) as Record<string, unknown>;
    checkAcknowledged(this.facts, this.#world, instance, call, route, peer.memberId, document);
    if (route === 'recover' && caller !== undefined) {
      checkGivenBack(this.facts, this.#departures, instance, caller, document as never);
    }
    if (route !== 'lookup' && route !== 'deviceLookup' && route !== 'unwrap') return;
    const since = this.#since.get(call) ?? this.facts.now;
    checkLookup(this.facts, this.#world, instance, call, since, document as never, route);
    if (document['outcome'] !== 'found') return;
    const { id } = JSON.parse(call.sent as string) as { id: string };
    const name = this.#provisionOf(call, peer.memberId);
    if (name !== undefined) this.#provisions.leaves(instance, life, name);
    if (caller === undefined) checkAnswerToDevice(this.facts, instance, peer.memberId, id);
    else checkAnswerDown(this.facts, instance, caller, id);
  }

  /** An orderly end, with a disk that could be written. */
  onStopped(instance: Instance, life: Life): void {
    this.#provisions.stopped(instance, life);
  }

  /** What a question for a key is about, as the audit log will name it; undefined for other calls. */
  #provisionOf(call: ServedCall, memberId: string): string | undefined {
    const route = routeOf(call.path);
    if (route !== 'lookup' && route !== 'deviceLookup' && route !== 'unwrap') return undefined;
    const { id } = JSON.parse(call.sent as string) as { id: string };
    const kind = this.#world.siteById(memberId) === undefined ? 'device' : 'secondary';
    return provisionName(id, route === 'unwrap' ? 'file-key' : 'key', `${kind}:${memberId}`);
  }

  onRevealed(instance: Instance, key: string, material: string): void {
    const made = this.facts.keys.get(key);
    if (made !== undefined && Buffer.from(made.complete.material.expose()).toString('base64') !== material) {
      this.facts.violate(REVEALED, `${instance.name} revealed something else for key ${key}`, [
        key,
        instance.name,
      ]);
    }
    this.#departures.leaves(instance, key, 'revealed', 'local administrator');
  }

  onForgeryTaken(device: Device, id: string): void {
    this.facts.violate(FORGED, `${device.home.name} took a record as ${id} that is another`, [
      id,
      device.name,
    ]);
  }

  onKeyMade(device: Device, made: MadeKey): void {
    const { id } = made.complete.key;
    this.facts.keys.set(id, made);
    // It may lie in a receipt whose answer was lost.
    this.facts.held.add(`${device.home.name} ${id}`);
    this.#world.trace.tell(device.name, `made key ${id} for ${device.home.name}`);
  }

  onKeyAcknowledged(device: Device, made: MadeKey): void {
    this.#world.trace.tell(device.name, `heard that ${device.home.name} has key ${made.complete.key.id}`);
  }

  onArrived(instanceSite: { readonly name: string }, key: string): void {
    this.facts.held.add(`${instanceSite.name} ${key}`);
  }

  onClockSet(instance: Instance): void {
    this.facts.clockSet.set(instance.name, this.facts.now);
  }

  onDefect(where: string, error: unknown): void {
    const text =
      error instanceof Error
        ? (error.stack ?? error.message).split('\n').slice(0, 3).join(' ')
        : String(error);
    this.facts.violate(SOUND, `at ${where}: ${text.replaceAll(/\(?file:\S*\/src\//g, 'src/')}`, [where]);
  }

  #instance(name: string): Instance | undefined {
    for (const { instances } of this.#world.sites) {
      const found = instances.find((instance) => instance.name === name);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Known at import, so that a route that is renamed is met here and not passed over. */
for (const route of [...KEYS_TRAVEL_UP, ...JUDGED]) {
  if (!(route in MACHINE_ROUTES)) throw new Error(`no machine calls ${route}`);
}
