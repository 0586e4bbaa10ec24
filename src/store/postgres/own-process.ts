/**
 * One process among those that serve a repository: shows that it lives, hears what the others changed, and leads where
 * nobody else does. A notification of the database only spares waiting: what counts is read again every second.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { Leader, LivingProcess, Processes, ProcessFacts } from '../processes.ts';
import type { Reader } from '../transaction.ts';
import { giveLeadBack, renewLead, takeLead } from './lead.ts';
import type { DatabasePlace } from './place.ts';
import {
  joinProcesses,
  leaveProcesses,
  livingProcesses,
  removeEnded,
  type Recorded,
  showLife,
  someHaveNotHeard,
} from './process-rows.ts';
import type { Session } from './session.ts';

const LOOK_MS = 1000;
/** A look that takes longer has met a primary that does not confirm; the next one still comes before others count this
 * process as ended. */
const LOOK_MS_MAX = 5000;
/** A leader that could not renew for so long stops by itself, before another may begin. */
const LEAD_MS_MAX = 7000;
/**
 * After a gap, such as a failover, everybody looks dead at first. Only a process that looked without one for longer than
 * that judges the others.
 */
const STEADY_MS = 12_000;
/** And for the lead, whose holder renews it with its first look. */
const STEADY_FOR_LEAD_MS = 2500;
const SETTLED_MS_MAX = 15_000;
const SETTLED_PAUSE_MS = 50;
const CHANNEL = 'keystair';
const AWAY: ReadonlySet<string> = new Set(['database-unreachable', 'database-rolled-back']);

export interface OwnProcessPorts {
  readonly connect: () => Promise<Session>;
  readonly reader: () => Reader;
  /** The primary does not confirm: others are asked first. */
  readonly suspect: (session: Session) => void;
  readonly explain: (error: unknown) => unknown;
  readonly onTrouble?: ((error: KeystairError) => void) | undefined;
  /** Ends the process: others took over what it held. */
  readonly onFatal: (error: KeystairError) => never;
}

export class OwnProcess implements Processes {
  readonly process = randomUUID();
  readonly #ports: OwnProcessPorts;
  #facts: ProcessFacts = { address: null, version: '', state: 'starting', opensWith: [] };
  #session: Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  /** The code of the trouble that was told last. */
  #told: string | undefined;
  #hear: (reader: Reader) => Promise<void> = async () => undefined;
  #heard = 0;
  /** The last that this process knows of. */
  #recorded: Recorded | undefined;
  #onRecorded: Parameters<Processes['onRecorded']>[0] = () => undefined;
  #leader: Leader | undefined;
  #leads = false;
  #ending: Promise<void> = Promise.resolve();
  /** A start takes the lead at once where it is free. */
  #isFirstTry = true;
  #late: NodeJS.Timeout | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #steadySince = 0;

  constructor(ports: OwnProcessPorts) {
    this.#ports = ports;
  }

  get leads(): boolean {
    return this.#leads;
  }

  get heard(): number {
    return this.#heard;
  }

  /** Throws `data-in-use`, `data-damaged`. */
  async join(
    session: Session,
    place: DatabasePlace,
    alone?: { readonly waitMs?: number | undefined },
  ): Promise<void> {
    this.#heard = await joinProcesses(session, { id: this.process, facts: this.#facts, place, alone });
    this.#steadySince = performance.now();
    this.#look();
  }

  onChange(hear: (reader: Reader) => Promise<void>): void {
    this.#hear = hear;
  }

  onRecorded(listener: Parameters<Processes['onRecorded']>[0]): void {
    this.#onRecorded = listener;
  }

  /** Reads again what was changed: in the transaction of works, or between them. */
  async hear(reader: Reader, change: number): Promise<void> {
    await this.#hear(reader);
    this.#heard = change;
  }

  /** What is there now: what is more than this process knows of was recorded by another one. */
  found({ keys, lines }: Recorded): void {
    const before = this.#recorded ?? { keys, lines };
    this.#recorded = { keys, lines };
    const what = { keys: keys > before.keys, lines: lines > before.lines };
    if (what.keys || what.lines) this.#onRecorded(what);
  }

  /** What is there after a group of this process. */
  recorded(heads: Recorded): void {
    this.#recorded = heads;
  }

  lead(leader: Leader): void {
    this.#leader = leader;
    this.#look();
  }

  async announce(facts: Partial<ProcessFacts>): Promise<void> {
    this.#facts = { ...this.#facts, ...facts };
    await this.#lookNow();
  }

  async living(): Promise<readonly LivingProcess[]> {
    return this.#ask((session) => livingProcesses(session));
  }

  async settled(): Promise<void> {
    // Of its own change, too.
    await this.#lookNow();
    const change = this.#heard;
    for (const until = Date.now() + SETTLED_MS_MAX; Date.now() < until; await sleep(SETTLED_PAUSE_MS)) {
      if (!(await this.#ask((session) => someHaveNotHeard(session, change)))) return;
    }
  }

  async heldStages(): Promise<ReadonlySet<string>> {
    const { rows } = await this.#ask((session) =>
      session.query('SELECT import FROM keystair.stages JOIN keystair.processes ON processes.id = process'),
    );
    return new Set(rows.map(([id]) => id as string));
  }

  async #ask<T>(question: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await question(await this.#connected());
    } catch (error) {
      throw this.#ports.explain(error);
    }
  }

  async #connected(): Promise<Session> {
    if (this.#session !== undefined && !this.#session.isLost) return this.#session;
    const session = await this.#ports.connect();
    this.#session = session;
    session.onNotification((from) => {
      if (from !== this.process) this.#look();
    });
    // Where a pooler in between refuses it, the next look is a second away.
    await session.query(`LISTEN ${CHANNEL}`).catch(() => undefined);
    return session;
  }

  #later(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#look(), LOOK_MS).unref();
  }

  /** Now, or once more where one is under way. Never throws. */
  #look(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#looking ??= this.#run();
  }

  async #lookNow(): Promise<void> {
    await this.#looking;
    this.#look();
    await this.#looking;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      const slow = setTimeout(() => this.#giveUpLook(), LOOK_MS_MAX).unref();
      await this.#pass().catch((error: unknown) => {
        // The database is away, or said no: looked again in a second.
        this.#session?.cut();
        this.#session = undefined;
        this.#tell(error);
      });
      clearTimeout(slow);
    }
    this.#looking = undefined;
    this.#later();
  }

  /** No limit of the database ends a commit that waits for a standby. */
  #giveUpLook(): void {
    if (this.#session === undefined) return;
    this.#ports.suspect(this.#session);
    this.#session.cut();
  }

  /** Works tell of a database that is away; of what cannot be heard, once. */
  #tell(error: unknown): void {
    const code = codeOf(error);
    if (!(error instanceof KeystairError) || AWAY.has(code) || code === this.#told) return;
    this.#told = code;
    this.#ports.onTrouble?.(error);
  }

  async #pass(): Promise<void> {
    const startedAt = performance.now();
    if (startedAt - this.#lookedAt > 2 * LOOK_MS) this.#steadySince = startedAt;
    const session = await this.#connected();
    const signs = await showLife(session, this.process, this.#facts, this.#heard);
    if (signs === undefined) return this.#end();
    this.#lookedAt = startedAt;
    if (signs.change !== this.#heard) {
      await this.hear(this.#ports.reader(), signs.change);
      await showLife(session, this.process, this.#facts, this.#heard);
    }
    this.found(signs);
    await this.#renewOrTake(session, startedAt);
    const isSteady = startedAt - this.#steadySince > STEADY_MS;
    if (this.#leads && signs.someEnded && isSteady && (await removeEnded(session)) > 0)
      this.#leader?.processEnded();
  }

  #end(): void {
    this.#stopped = true;
    const sentence = 'this process stood still for so long that others took over what it held';
    const nextStep = 'start it again: it joins the others';
    this.#ports.onFatal(new KeystairError('data-in-use', sentence, { nextStep }));
  }

  async #renewOrTake(session: Session, startedAt: number): Promise<void> {
    if (this.#leader === undefined) return;
    if (this.#leads) {
      if (await renewLead(session, this.process)) this.#watch(startedAt);
      else this.#stopLeading();
      return;
    }
    const isSteady = this.#isFirstTry || startedAt - this.#steadySince >= STEADY_FOR_LEAD_MS;
    this.#isFirstTry = false;
    if (!isSteady) return;
    await this.#ending;
    if (!(await takeLead(session, this.process))) return;
    this.#watch(startedAt);
    this.#leads = true;
    this.#leader.begin();
  }

  /** @param renewedAt when the renewal was sent: its answer may have come late. */
  #watch(renewedAt: number): void {
    clearTimeout(this.#late);
    const endsAt = renewedAt + LEAD_MS_MAX;
    this.#late = setTimeout(() => this.#stopLeading(), endsAt - performance.now()).unref();
  }

  #stopLeading(): void {
    clearTimeout(this.#late);
    if (!this.#leads) return;
    this.#leads = false;
    this.#ending = this.#leader?.end() ?? Promise.resolve();
  }

  async leave(): Promise<void> {
    this.#stopLeading();
    this.#leader = undefined;
    await this.#ending;
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
    try {
      const session = await this.#connected();
      await giveLeadBack(session, this.process);
      await leaveProcesses(session, this.process);
      await session.end();
    } catch {
      // Its row runs out by itself.
      this.#session?.cut();
    }
  }
}
