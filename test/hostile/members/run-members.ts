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
/** The rest is starting, and looking at all of it afterwards. */
const PART_FOR_HARM = 0.65;

const NOTHING_TOLD: Told = { answers: {} };

interface Harm {
  readonly name: string;
  /** How the foreign program is told to do it. */
  readonly order: 'attack' | 'answer';
  readonly target: Target;
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
    const targets = await Promise.all(
      ['Office', 'Branch'].map((name) => Target.start(this.#workplace, name)),
    );
    const [office, branch] = targets as [Target, Target];
    await this.#joinAll(office, branch);
    const harms = await this.#harms(office, branch);
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
        const told = await this.#do(harm, msEach(), bound);
        left -= 1;
        for (const [word, count] of Object.entries(told)) answers[word] = (answers[word] ?? 0) + count;
      }
    }
    await this.#lookAtLingering(begun);
    for (const target of targets) {
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

  async #joinAll(office: Target, branch: Target): Promise<void> {
    await this.#join('device', await office.call('inviteDevice', {}));
    await this.#foreign.tell({ do: 'hold', name: 'device' });
    await this.#foreign.tell({ do: 'linger', name: 'device' });
    await this.#join('asker', await branch.call('inviteDevice', {}));
    const { invitation } = await this.#foreign.tell<{ invitation: string }>({ do: 'invite' });
    await branch.call('joinHierarchy', { invitation });
  }

  async #join(name: string, { invitation }: { readonly invitation: string }): Promise<void> {
    await this.#foreign.tell({ do: 'join', name, invitation });
  }

  /** In an order of the seed; the last manner stays the last, since a secondary keeps what it says. */
  async #harms(office: Target, branch: Target): Promise<readonly Harm[]> {
    const { seed, named } = this.#rounds;
    const list = await this.#foreign.tell<{ attacks: string[]; manners: string[] }>({ do: 'list' });
    const dice = createDice(seed, 'order');
    const attacks = shuffled(list.attacks, dice).map((name) => ({
      name,
      order: 'attack' as const,
      target: office,
    }));
    const manners = [...shuffled(list.manners.slice(0, -1), dice), list.manners.at(-1)!].map((name) => ({
      name,
      order: 'answer' as const,
      target: branch,
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

  async #do({ name, order, target }: Harm, ms: number, bound: number): Promise<Told['answers']> {
    let told = NOTHING_TOLD;
    if (order === 'answer') await this.#join('asker', await target.call('inviteDevice', {}));
    else {
      // New ones each time: whose budget is used up does no further harm.
      await this.#join('device', await target.call('inviteDevice', {}));
      await this.#join('secondary', await target.call('inviteSecondary', {}));
    }
    const seen = await target.watch(async () => {
      told = await this.#foreign.tell<Told>({ do: order, name, ms });
    });
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
  async #lookAtLingering(begun: number): Promise<void> {
    const left = begun + LINGERING_MS_MAX - performance.now();
    // Where few harms are asked for and there is time, it is waited for.
    if (left > 0 && performance.now() + left < this.#rounds.end) await sleep(left);
    const heldMs = performance.now() - begun;
    const still = await this.#foreign.tell<Record<string, number>>({ do: 'lingering' });
    const seconds = Math.round(heldMs / 1000);
    this.#say(`held for ${seconds} s, and still open: ${JSON.stringify(still)}`);
    if (heldMs < LINGERING_MS_MAX) return;
    for (const [kind, count] of Object.entries(still))
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
