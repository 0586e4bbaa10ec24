/** A real server process that harm is done to, with an honest device beside it, and what is looked at meanwhile. */
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectToServer } from '#cli/data-directory.ts';
import { eachServer } from '#domain/each-server.ts';
import type { HierarchyAnswer } from '#protocol/people/people-answers.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import type { Workplace } from '#test/crashes/workplace.ts';
import { runKeystair } from '#test/support/run-keystair.ts';
import { type RunningServer, startServer } from '#test/support/running-server.ts';
import { beginHonestDevice, type HonestDevice } from './honest-device.ts';

const SAMPLED_EVERY_MS = 25;
/** In which a server that stood still must answer people again, or has ended. */
const SETTLED_MS_MAX = 60_000;
const LOG_CHARACTERS = 300;
/** What people look at: the whole of what members told, and that all of it is well. */
const LOOKS = ['server verify', 'server status', 'hierarchy show'];
/** Below one secondary, as PROTOCOL says: a copy of the program with a bug has no such limit to import. */
const SHOWN_BELOW_MAX = 1000;
/** A terminal obeys them. */
const CONTROL = /[^\P{Cc}\n]/u;

export interface Seen {
  /** The process runs still. */
  readonly alive: boolean;
  /** How it ended, where it did. */
  readonly lastWords: string;
  /** Resident memory at its most. */
  readonly memoryMiB: number;
  /** By which the files grew. */
  readonly diskMiB: number;
  /** Of the honest device, ascending. */
  readonly latencies: readonly number[];
  readonly failures: readonly string[];
  /** What the audit log has more, as JSON. */
  readonly lines: readonly string[];
}

export class Target {
  readonly name: string;
  readonly call: PeopleClient;
  readonly honest: HonestDevice;
  readonly #workplace: Workplace;
  #running: RunningServer;
  #ended: Promise<unknown>;

  constructor(workplace: Workplace, running: RunningServer, call: PeopleClient, honest: HonestDevice) {
    this.name = running.server.name;
    this.#workplace = workplace;
    this.#running = running;
    this.#ended = once(running.process, 'close');
    this.call = call;
    this.honest = honest;
  }

  /** @param config as in its configuration file. */
  static async start(workplace: Workplace, name: string, config: object = {}): Promise<Target> {
    const data = workplace.makeFolder(name.toLowerCase());
    const file = `${data}.json`;
    writeFileSync(file, JSON.stringify(config));
    const running = await startServer(data, ['--name', name, '--config', file], {
      onProcess: (started) => workplace.keep(started),
    });
    const call = await connectToServer(data);
    // The shortest heartbeat: a hostile primary is heard often.
    await call('changeSettings', { useHierarchy: true, heartbeat: 1 });
    const honest = await beginHonestDevice({ call });
    workplace.atTheEnd(() => honest.end());
    return new Target(workplace, running, call, honest);
  }

  /** The same directory and port: whoever had joined goes on. */
  async restart(): Promise<void> {
    const { data, listen } = this.#running;
    await this.honest.pause();
    if (this.#alive) await this.#running.stop();
    this.#running = await startServer(data, ['--listen', listen], {
      onProcess: (started) => this.#workplace.keep(started),
    });
    this.#ended = once(this.#running.process, 'close');
    this.honest.goOn();
  }

  async watch(harm: () => Promise<unknown>): Promise<Seen> {
    await this.honest.counted();
    const disk = this.#diskBytes();
    const before = this.#auditLines(0).length;
    let memoryMiB = this.#memoryMiB();
    const sampling = setInterval(() => {
      memoryMiB = Math.max(memoryMiB, this.#memoryMiB());
    }, SAMPLED_EVERY_MS);
    try {
      await harm();
      const { latencies, failures } = await this.honest.counted();
      await this.#settled();
      const diskMiB = Math.max(0, (this.#diskBytes() - disk) / 1024 / 1024);
      const lines = this.#auditLines(before);
      return {
        alive: this.#alive,
        lastWords: this.#lastWords,
        memoryMiB,
        diskMiB,
        latencies,
        failures,
        lines,
      };
    } finally {
      clearInterval(sampling);
    }
  }

  /** What must work afterwards. @returns what does not, in a sentence each. */
  async faultsAfter(): Promise<readonly string[]> {
    await this.honest.pause();
    const faults: string[] = [];
    for (const look of LOOKS) {
      const ran = await runKeystair([...look.split(' '), '--data', this.#running.data]);
      if (ran.status !== 0) faults.push(`${look} fails at ${this.name}: ${ran.stderr.trim()}`);
      if (CONTROL.test(ran.stdout))
        faults.push(`${look} at ${this.name} prints control characters of a member`);
    }
    await this.call('showHierarchy', {})
      .then(({ secondaries }) => faults.push(...secondaries.flatMap((one) => this.#tooManyBelow(one))))
      .catch((error: unknown) => faults.push(`at ${this.name}: ${String(error)}`));
    await this.honest
      .asksForAll()
      .catch((error: unknown) => faults.push(`at ${this.name}: ${String(error)}`));
    return faults;
  }

  #tooManyBelow({ name, secondaries }: HierarchyAnswer['secondaries'][number]): readonly string[] {
    const shown = eachServer(secondaries).reduce((count) => count + 1, 0);
    return shown > SHOWN_BELOW_MAX
      ? [`${this.name} shows ${shown} servers below one secondary, ${name}`]
      : [];
  }

  async end(): Promise<void> {
    this.honest.end();
    if (this.#alive) await this.#running.stop();
  }

  get #alive(): boolean {
    const { exitCode, signalCode } = this.#running.process;
    return exitCode === null && signalCode === null;
  }

  get #lastWords(): string {
    if (this.#alive) return '';
    const { exitCode, signalCode } = this.#running.process;
    const said = this.#running.log().trim();
    return `${exitCode ?? signalCode}, ${/FATAL ERROR: [^\n]*/.exec(said)?.[0] ?? said.slice(-LOG_CHARACTERS)}`;
  }

  /** What was done to it is over: it answers people, or has ended. */
  async #settled(): Promise<void> {
    if (!this.#alive) return;
    const answer = this.call('serverStatus', {}).catch(() => undefined);
    await Promise.race([answer, this.#ended, sleep(SETTLED_MS_MAX, undefined, { ref: false })]);
  }

  #auditLines(after: number): readonly string[] {
    const database = new DatabaseSync(join(this.#running.data, 'keystair.db'), { readOnly: true });
    try {
      const rows = database.prepare('SELECT event FROM audit ORDER BY seq LIMIT -1 OFFSET ?').all(after);
      return rows.map(({ event }) => String(event));
    } finally {
      database.close();
    }
  }

  #memoryMiB(): number {
    try {
      const status = readFileSync(`/proc/${this.#running.process.pid}/status`, 'utf8');
      return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      return 0;
    }
  }

  #diskBytes(): number {
    return readdirSync(this.#running.data)
      .map((name) => statSync(join(this.#running.data, name), { throwIfNoEntry: false })?.size ?? 0)
      .reduce((sum, size) => sum + size, 0);
  }
}
