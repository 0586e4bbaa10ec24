/** One process among several of its server: hears, leads, and shows that it lives, by the rules of its group. */
import { uuidFrom } from '#server/environment/environment.ts';
import { isHeardOf } from '#store/postgres/heard-rows.ts';
import { ledElsewhere } from '#store/postgres/lead.ts';
import type { Leader, LivingProcess, Processes, ProcessFacts } from '#store/processes.ts';
import type { TrustedKind } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import { Died, type Life, never } from './life.ts';
import { LEAD_MS, LOOK_MS, type ProcessGroup } from './process-group.ts';
import type { Committed } from './store-port.ts';

/** As the real ones have them. */
const LEAD_MS_MAX = 7000;
const SETTLED_MS_MAX = 15_000;
const SETTLED_PAUSE_MS = 50;
/** A notification is there at once. */
const NOTICE_MS = 5;

export interface Joining {
  readonly life: Life;
  readonly reader: () => Reader;
  /** Ends it: others took over what it held. */
  readonly onFatal: () => void;
}

export class GroupMember implements Processes {
  readonly process: string;
  readonly #group: ProcessGroup;
  readonly #life: Life;
  readonly #reader: () => Reader;
  readonly #onFatal: () => void;
  #facts: ProcessFacts = { address: null, version: '', state: 'starting', opensWith: [] };
  heard: number;
  /** Since when it was not seen; undefined while it is. */
  silentSince: number | undefined;
  #hear: (reader: Reader) => Promise<void> = async () => undefined;
  #onRecorded: Parameters<Processes['onRecorded']>[0] = () => undefined;
  #known: { keys: number; lines: number };
  #leader: Leader | undefined;
  #leads = false;
  #ending: Promise<void> = Promise.resolve();
  #looksAt = Number.POSITIVE_INFINITY;

  constructor(group: ProcessGroup, { life, reader, onFatal }: Joining) {
    this.#group = group;
    this.#life = life;
    this.#reader = reader;
    this.#onFatal = onFatal;
    this.process = uuidFrom((bytes) => group.ports.dice.bytes(bytes));
    // It has read nothing yet.
    this.heard = group.change;
    this.#known = { keys: group.keys, lines: group.lines };
  }

  get leads(): boolean {
    return this.#leads;
  }

  onChange(hear: (reader: Reader) => Promise<void>): void {
    this.#hear = hear;
  }

  onRecorded(listener: Parameters<Processes['onRecorded']>[0]): void {
    this.#onRecorded = listener;
  }

  async announce(facts: Partial<ProcessFacts>): Promise<void> {
    this.#facts = { ...this.#facts, ...facts };
    await this.#look();
  }

  async living(): Promise<readonly LivingProcess[]> {
    const { living, lead, ports } = this.#group;
    return living.map((member) => ({
      ...member.#facts,
      id: member.process,
      lastSeenAt: member.silentSince ?? ports.schedule.now,
      leads: lead?.holder === member.process,
    }));
  }

  lead(leader: Leader): void {
    this.#leader = leader;
    this.lookWithin(0);
  }

  async settled(): Promise<void> {
    await this.#look();
    const { schedule } = this.#group.ports;
    const change = this.heard;
    for (const until = schedule.now + SETTLED_MS_MAX; schedule.now < until; ) {
      if (this.#group.living.every(({ heard }) => heard >= change)) return;
      await this.#wait(SETTLED_PAUSE_MS);
    }
  }

  async heldStages(): Promise<ReadonlySet<string>> {
    const { stages, members } = this.#group;
    return new Set([...stages].flatMap(([id, process]) => (members.has(process) ? [id] : [])));
  }

  /** Before each work, in its transaction. */
  async enter(transaction: Reader, led: boolean): Promise<void> {
    const group = this.#group;
    if (group.members.get(this.process) !== this) {
      this.#onFatal();
      throw new Died();
    }
    this.#found();
    if (this.heard !== group.change) await this.#hearNow(transaction);
    if (led && group.lead?.holder !== this.process) throw ledElsewhere();
  }

  /** At the end of a work, still in its transaction: the next one hears of it. */
  changed({ rows }: Committed): void {
    if (rows.some(({ kind, id, row }) => isHeardOf(row ?? { kind: kind as TrustedKind, id, body: '' }))) {
      this.#group.change += 1;
    }
  }

  /** It is durable. */
  recorded({ keys, audit, staged }: Committed): void {
    const group = this.#group;
    group.keys += keys.length;
    group.lines += audit.length;
    this.#known = { keys: group.keys, lines: group.lines };
    for (const id of staged) group.stages.set(id, this.process);
    const isNotified = [...group.members.values()].some(({ heard }) => heard !== group.change);
    if (isNotified) group.tellAll(NOTICE_MS);
    else if (keys.length > 0 || audit.length > 0) group.tellAll(LOOK_MS, this);
  }

  /** It stands still for so long. */
  pause(ms: number): void {
    const { schedule, name } = this.#group.ports;
    const wake = this.#life.pause();
    this.#group.silent(this);
    schedule.after(ms, `a process of ${name} wakes`, () => {
      wake();
      if (!this.#life.alive) return;
      if (ms > LEAD_MS_MAX) this.#stopLeading();
      schedule.after(this.#group.ports.dice.below(LOOK_MS), `look of ${name}`, () => void this.#look());
    });
  }

  /** An orderly end. */
  async leave(): Promise<void> {
    const group = this.#group;
    this.#stopLeading();
    this.#leader = undefined;
    await this.#ending;
    if (group.lead?.holder === this.process) group.lead = undefined;
    group.members.delete(this.process);
    group.tellAll(LOOK_MS);
  }

  processEnded(): void {
    this.#leader?.processEnded();
  }

  lookWithin(ms: number): void {
    const { schedule, dice, name } = this.#group.ports;
    const at = schedule.now + (ms > 0 ? dice.below(ms) : 0);
    // It looks before that anyway.
    if (this.#looksAt <= at) return;
    this.#looksAt = at;
    schedule.after(at - schedule.now, `look of ${name}`, () => {
      if (this.#looksAt === at) this.#looksAt = Number.POSITIVE_INFINITY;
      // Whoever stands still looks when it wakes.
      if (!this.#life.paused) void this.#look();
    });
  }

  /** Never throws, as the real one: what failed is looked at again a second later. */
  async #look(): Promise<void> {
    if (!this.#life.alive) return;
    const group = this.#group;
    if (group.members.get(this.process) !== this) return this.#onFatal();
    if (this.silentSince !== undefined) this.#seen();
    try {
      if (this.heard !== group.change) await this.#hearNow(this.#reader());
    } catch {
      this.lookWithin(LOOK_MS);
      return;
    }
    this.#found();
    await this.#renewOrTake();
  }

  #seen(): void {
    this.silentSince = undefined;
    const { lead } = this.#group;
    // One that was late leads on where nobody took over and it has not given up itself.
    if (lead?.holder === this.process && this.#leads) lead.until = Number.POSITIVE_INFINITY;
    else if (lead?.holder === this.process) this.lookWithin(LEAD_MS);
  }

  async #renewOrTake(): Promise<void> {
    const group = this.#group;
    const { now } = group.ports.schedule;
    if (this.#leads && group.lead?.holder !== this.process) this.#stopLeading();
    if (this.#leads || this.#leader === undefined) return;
    await this.#ending;
    const { lead } = group;
    const isFree = lead === undefined || lead.until < now || !group.members.has(lead.holder);
    if (!isFree || this.#leader === undefined || !this.#life.alive || this.#leads) {
      if (lead !== undefined && lead.until > now && lead.until < Number.POSITIVE_INFINITY) {
        this.lookWithin(lead.until - now + LOOK_MS);
      }
      return;
    }
    group.lead = { holder: this.process, until: Number.POSITIVE_INFINITY };
    this.#leads = true;
    this.#leader.begin();
  }

  #stopLeading(): void {
    if (!this.#leads) return;
    this.#leads = false;
    this.#ending = this.#leader?.end() ?? Promise.resolve();
  }

  async #hearNow(reader: Reader): Promise<void> {
    const { change } = this.#group;
    await this.#hear(reader);
    this.heard = change;
  }

  #found(): void {
    const { keys, lines } = this.#group;
    const what = { keys: keys > this.#known.keys, lines: lines > this.#known.lines };
    this.#known = { keys, lines };
    if (what.keys || what.lines) this.#onRecorded(what);
  }

  async #wait(ms: number): Promise<void> {
    await this.#group.ports.schedule.wait(ms, `a process of ${this.#group.ports.name} waits`);
    if (this.#life.paused) await this.#life.awake();
    if (!this.#life.alive) return never();
  }
}
