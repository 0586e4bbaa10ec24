/**
 * Hostile members: a device, a secondary and a stranger against a real server, and a hostile primary against a real
 * secondary, one harm after the other, with an honest device beside each.
 *
 * What is shown: no process ends; none holds more than so much memory; the honest device is served in its time; and
 * afterwards the server verifies, shows its hierarchy, and has the honest device's keys. A server that broke a promise
 * is named with what was done to it and started anew, so that one run finds all the harm there is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openWorkplace, type Workplace } from '#test/crashes/workplace.ts';
import { shuffled } from '#test/crashes/shuffled.ts';
import { createDice } from '#test/simulation/world/dice.ts';
import type { Report, Rounds } from '../rounds.ts';
import { type ForeignProgram, startForeignProgram } from './foreign-program.ts';
import { boundFor, faultsOf, p99Of, slownessOf, type Told } from './judge.ts';
import { Target } from './target.ts';

/** Each harm so long where no time is given, and never longer. */
const HARM_MS_MAX = 2500;
const HARM_MS_MIN = 300;
const QUIET_MS_MAX = 3000;
/** Each limit of time is 30 s at the most, and an answer is unread only once the buffers on its way are full. */
const LINGERING_MS_MAX = 70_000;
/** A timer may be early by the part of a millisecond. */
const TIMER_MS = 5;
/** A transmission may take its time: two minutes. */
const TRANSMISSION_MS_MAX = 150_000;
/** The rest is starting, and looking at all of it afterwards. */
const PART_FOR_HARM = 0.65;

const ORDERS = ['attack', 'answer'] as const;
/** Whom a device, a secondary and a stranger attack, and whom a hostile primary answers. */
const SERVERS = { attack: 'Office', answer: 'Branch' } as const;
const NOTHING_TOLD: Told = { answers: {} };

interface Harm {
  readonly name: string;
  /** How the foreign program is told to do it. */
  readonly order: (typeof ORDERS)[number];
  readonly at?: 'narrow' | undefined;
  /** The secondary may get back what it brought. */
  readonly recovers?: boolean;
}

/** What the foreign program can do. */
interface Offer {
  readonly attacks: readonly { readonly name: string; readonly at?: 'narrow'; readonly recovers: boolean }[];
  readonly manners: readonly string[];
  /** Devices of the secondary, by whom a hostile primary is asked. */
  readonly askers: readonly string[];
  /** Harms with no honest device beside them. */
  readonly alone: readonly string[];
  /** Budgets of the server where each share is used up. */
  readonly narrow: object;
}

/** @param only these harms, by their whole names; all of them unless given. */
export async function runMembers(rounds: Rounds, only?: readonly string[]): Promise<Report> {
  const workplace = openWorkplace();
  try {
    return await new Campaign(workplace, rounds, only).run();
  } finally {
    workplace.clear();
  }
}

class Campaign {
  readonly #workplace: Workplace;
  readonly #rounds: Rounds;
  readonly #only: readonly string[] | undefined;
  readonly #foreign: ForeignProgram;
  readonly #wrongs: string[] = [];
  readonly #slow: string[] = [];
  readonly #latencies: number[] = [];
  readonly #quiet: number[] = [];
  readonly #targets = new Map<Harm['order'], Target>();
  #narrow: Target | undefined;
  #lingeringSince = 0;

  constructor(workplace: Workplace, rounds: Rounds, only: readonly string[] | undefined) {
    this.#only = only;
    this.#workplace = workplace;
    this.#rounds = rounds;
    this.#foreign = startForeignProgram(workplace);
  }

  #say(sentence: string): void {
    this.#rounds.say?.(sentence);
  }

  async run(): Promise<Report> {
    const begun = performance.now();
    const offer = await this.#foreign.tell<Offer>({ do: 'list' });
    const harms = this.#harms(offer);
    // Who is not harmed is not started.
    const targets = await Promise.all(
      ORDERS.filter((order) => harms.some((harm) => harm.order === order)).map((order) => this.#start(order)),
    );
    const { rounds, end } = this.#rounds;
    // What one harm took longer is taken from the others: servers stand still, and are started anew.
    const harmEnd = begun + (end - begun) * PART_FOR_HARM;
    let left = rounds * harms.length;
    const msEach = (): number =>
      Math.max(HARM_MS_MIN, Math.min(HARM_MS_MAX, (harmEnd - performance.now()) / left));
    for (const target of targets) await this.#lookAtQuiet(target, Math.min(QUIET_MS_MAX, 4 * msEach()));
    const bound = boundFor(p99Of(this.#quiet.toSorted((a, b) => a - b)));
    const answers: Record<string, number> = {};
    for (let round = 0; round < rounds; round += 1) {
      for (const harm of harms) {
        const told = await this.#do(offer, harm, msEach(), bound);
        left -= 1;
        for (const [word, count] of Object.entries(told)) answers[word] = (answers[word] ?? 0) + count;
      }
    }
    await this.#lookAtLingering();
    for (const target of [...targets, ...(this.#narrow === undefined ? [] : [this.#narrow])]) {
      this.#wrongs.push(...(await target.faultsAfter()));
      await target.end();
    }
    this.#judgeAll(bound);
    return {
      rounds,
      classes: harms.length,
      outcomes: answers,
      wrongs: this.#wrongs,
      slow: this.#slow,
    };
  }

  async #start(order: Harm['order']): Promise<Target> {
    const target = await Target.start(this.#workplace, SERVERS[order]);
    this.#targets.set(order, target);
    if (order === 'attack') {
      await this.#join('device', await target.call('inviteDevice', {}));
      await this.#join('secondary', await target.call('inviteSecondary', {}));
      await this.#foreign.tell({ do: 'hold', name: 'device' });
      await this.#foreign.tell({ do: 'linger', name: 'device' });
      this.#lingeringSince = performance.now();
    } else {
      const { invitation } = await this.#foreign.tell<{ invitation: string }>({ do: 'invite' });
      await target.call('joinHierarchy', { invitation });
    }
    return target;
  }

  /** @returns its id. */
  async #join(name: string, { invitation }: { readonly invitation: string }): Promise<string> {
    return (await this.#foreign.tell<{ id: string }>({ do: 'join', name, invitation })).id;
  }

  /** In an order of the seed; the last manner stays the last, since a secondary keeps what it says. */
  #harms(list: Offer): readonly Harm[] {
    const { seed, named } = this.#rounds;
    const dice = createDice(seed, 'order');
    const attacks = shuffled(list.attacks, dice).map(({ name, at, recovers }) => ({
      name,
      order: 'attack' as const,
      at,
      recovers,
    }));
    const manners = [...shuffled(list.manners.slice(0, -1), dice), list.manners.at(-1)!].map((name) => ({
      name,
      order: 'answer' as const,
    }));
    const harms = [...attacks, ...manners]
      .filter(({ name }) => named === undefined || name.includes(named))
      .filter(({ name }) => this.#only?.includes(name) ?? true);
    const asked = named ?? this.#only?.join(', ') ?? '';
    if (harms.length < (this.#only?.length ?? 1)) throw new Error(`not every harm is there of: ${asked}`);
    return harms;
  }

  async #lookAtQuiet(target: Target, ms: number): Promise<void> {
    const seen = await target.watch(() => new Promise((resolve) => setTimeout(resolve, ms)));
    this.#quiet.push(...seen.latencies);
    this.#wrongs.push(
      ...faultsOf(seen, NOTHING_TOLD, this.#rounds.busy).map(
        (fault) => `in a quiet phase of ${target.name}: ${fault}`,
      ),
    );
  }

  /** Its honest device is no use there: it would use up its own share. */
  async #startNarrow(budgets: object): Promise<Target> {
    const narrow = await Target.start(this.#workplace, 'Narrow', { budgets });
    await narrow.honest.pause();
    return narrow;
  }

  async #do(offer: Offer, harm: Harm, ms: number, bound: number): Promise<Told['answers']> {
    const { name, order, at, recovers } = harm;
    let told = NOTHING_TOLD;
    const target =
      at === 'narrow' ? (this.#narrow ??= await this.#startNarrow(offer.narrow)) : this.#targets.get(order)!;
    if (order === 'answer')
      for (const asker of offer.askers) await this.#join(asker, await target.call('inviteDevice', {}));
    else {
      // New ones each time: whose budget is used up does no further harm.
      await this.#join('device', await target.call('inviteDevice', {}));
      const secondary = await this.#join('secondary', await target.call('inviteSecondary', {}));
      if (recovers === true) await target.call('allowRecovery', { id: secondary });
    }
    if (offer.alone.includes(name)) await target.honest.pause();
    const seen = await target.watch(async () => {
      told = await this.#foreign.tell<Told>({ do: order, name, ms });
    });
    if (offer.alone.includes(name)) target.honest.goOn();
    const faults = faultsOf(seen, told, this.#rounds.busy);
    const slow = slownessOf(seen.latencies, bound);
    this.#wrongs.push(...faults.map((fault) => `${name}: ${fault}`));
    this.#slow.push(...slow.map((fault) => `${name}: ${fault}`));
    this.#latencies.push(...seen.latencies);
    this.#say(
      `${target.name}: ${name}: ${seen.memoryMiB} MiB, p99 ${p99Of(seen.latencies)} ms, ` +
        `${seen.diskMiB.toFixed(1)} MiB written; ${JSON.stringify(told.answers)}`,
    );
    for (const fault of [...faults, ...slow]) this.#say(`  ${fault}`);
    // What one harm left behind is not counted for the next.
    if (faults.length > 0) await target.restart();
    return told.answers;
  }

  /** What gave a little now and then is cut off by now, whatever it was. */
  async #lookAtLingering(): Promise<void> {
    const held = this.#rounds.lingeringMs ?? LINGERING_MS_MAX;
    const left = this.#lingeringSince + held - performance.now();
    // Where few harms are asked for and there is time, or somebody names the time, it is waited for: a busy machine takes
    // all of a budget to start.
    const isWaitedFor = this.#rounds.lingeringMs !== undefined || performance.now() + left < this.#rounds.end;
    if (left > 0 && isWaitedFor) await sleep(left + TIMER_MS);
    const heldMs = performance.now() - this.#lingeringSince;
    const still = await this.#foreign.tell<Record<string, number>>({ do: 'lingering' });
    const seconds = Math.round(heldMs / 1000);
    this.#say(`held for ${seconds} s, and still open: ${JSON.stringify(still)}`);
    if (heldMs < held) return;
    for (const [kind, count] of Object.entries(still))
      if (kind !== 'a transmission' || this.#rounds.lingeringMs !== undefined || heldMs > TRANSMISSION_MS_MAX)
        this.#wrongs.push(`${count} connections are open that hold ${kind} for ${seconds} s`);
  }

  #judgeAll(bound: number): void {
    const p99 = p99Of(this.#latencies.toSorted((a, b) => a - b));
    const quiet = p99Of(this.#quiet.toSorted((a, b) => a - b));
    const calls = this.#latencies.length;
    this.#say(
      `${calls} calls of honest devices meanwhile: p99 ${p99} ms, in a quiet phase ${quiet} ms, allowed ${bound} ms`,
    );
    if (p99 > bound)
      this.#slow.push(`the honest devices' p99 of all ${calls} calls is ${p99} ms; ${bound} are allowed`);
  }
}
