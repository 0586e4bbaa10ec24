/**
 * Devices at work while things die: each takes keys into custody and opens what others encrypted. What was acknowledged is
 * kept here; whatever fails is tried again, and how long it took is told.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decryptFile, encryptFile, heartbeat } from '#agent/main.ts';
import { codeOf } from '#domain/errors.ts';

const AGAIN_MS = 200;
const BETWEEN_MS = 300;
/** After that long, an answer never comes; and whoever was at work before a fault and did nothing since was forgotten. */
const NEVER_MS = 180_000;
const LOOK_MS = 100;
/** What a caller may be told meanwhile: come again. Everything else is a fault. */
const LATER: ReadonlySet<string> = new Set([
  'server-unreachable',
  'later',
  'database-unreachable',
  'outcome-unknown',
  'interrupted',
  'key-unavailable',
]);

interface SharedFile {
  readonly path: string;
  readonly by: Worker;
}

export class Shared {
  readonly files: SharedFile[] = [];
  /** Ids of keys whose custody was acknowledged. */
  readonly acknowledged = new Set<string>();
  readonly faults: string[] = [];
  lookups = 0;
  longestMs = 0;
}

/** How long until each device has done something after now, in milliseconds. */
export async function goesOn(workers: readonly Worker[], shared: Shared): Promise<number> {
  const begun = performance.now();
  const before = workers.map(({ done }) => done);
  while (workers.some(({ done }, at) => done <= before[at]! + 1)) {
    await sleep(LOOK_MS);
    if (performance.now() - begun > NEVER_MS) {
      shared.faults.push(`somebody did nothing for ${NEVER_MS / 1000} s after a fault`);
      break;
    }
  }
  return performance.now() - begun;
}

export class Worker {
  readonly #state: string;
  readonly #folder: string;
  readonly #shared: Shared;
  readonly #name: string;
  #made = 0;
  /** Successes so far: what went on after a fault. */
  done = 0;

  constructor(name: string, state: string, folder: string, shared: Shared) {
    this.#name = name;
    this.#state = state;
    this.#folder = folder;
    this.#shared = shared;
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#encrypt(stop);
      await this.#open(stop);
      await sleep(BETWEEN_MS);
    }
  }

  async #encrypt(stop: AbortSignal): Promise<void> {
    this.#made += 1;
    const path = join(this.#folder, `${this.#name}-${this.#made}.age`);
    writeFileSync(`${path}.plain`, path);
    const key = await this.#untilDone(stop, async () => {
      const { signal } = new AbortController();
      const made = await encryptFile({
        state: this.#state,
        from: `${path}.plain`,
        to: path,
        newIdentity: true,
        algorithm: 'age-x25519',
        stop: signal,
        force: true,
      });
      return made.key;
    });
    if (key === undefined) return;
    this.#shared.acknowledged.add(key);
    this.#shared.files.push({ path, by: this });
  }

  /** What another device encrypted: its key has to come from the server, with the claim. */
  async #open(stop: AbortSignal): Promise<void> {
    const others = this.#shared.files.filter(({ by }) => by !== this);
    const file = others[Math.floor(Math.random() * others.length)];
    if (file === undefined) return;
    const begun = performance.now();
    const opened = await this.#untilDone(stop, async () => {
      const { signal } = new AbortController();
      await decryptFile({
        state: this.#state,
        from: file.path,
        to: join(this.#folder, `${this.#name}-opened`),
        stop: signal,
        force: true,
      });
      return true;
    });
    if (opened !== true) return;
    this.#shared.lookups += 1;
    this.#shared.longestMs = Math.max(this.#shared.longestMs, performance.now() - begun);
  }

  async heartbeat(): Promise<void> {
    await heartbeat({ state: this.#state });
  }

  /** Undefined where it was stopped before. */
  async #untilDone<T>(stop: AbortSignal, attempt: () => Promise<T>): Promise<T | undefined> {
    for (const begun = performance.now(); !stop.aborted; await sleep(AGAIN_MS)) {
      try {
        const answer = await attempt();
        this.done += 1;
        return answer;
      } catch (error) {
        const code = codeOf(error) ?? String(error);
        if (!LATER.has(code)) this.#shared.faults.push(`${this.#name}: ${code}: ${String(error)}`);
        if (performance.now() - begun > NEVER_MS) {
          this.#shared.faults.push(`${this.#name}: nothing for ${NEVER_MS / 1000} s, at last ${code}`);
          return undefined;
        }
      }
    }
    return undefined;
  }
}
