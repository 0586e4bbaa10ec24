/** One way to do harm, done for a bounded time by some members, and what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, Connection, type Line } from './connection.ts';
import type { Member } from './member.ts';
import type { Held } from './record.ts';

export interface Scene {
  readonly device: Member;
  readonly secondary: Member;
  /** Holds a key pair and nothing else. */
  readonly stranger: Line;
  /** A key of the device that the server has taken. */
  readonly own: Held;
  /** Keys that it has taken of a device before: the device of today holds their claims, too. */
  readonly held: readonly Held[];
  readonly over: () => boolean;
  readonly tally: Tally;
}

/** What is enough for whoever only repeats. */
type Going = Pick<Scene, 'over' | 'tally'>;

export interface Attack {
  readonly name: string;
  /** Where it is done, if not at a server with its defaults: one whose members may do little in an hour. */
  readonly at?: 'narrow';
  /** So many lines of its own may it leave in the audit log. */
  readonly linesMax?: number;
  /** Why the server must say in its audit log that it ended connections. */
  readonly endedBecause?: string;
  /** Resolves soon after `over`. */
  run(scene: Scene): Promise<void>;
}

/**
 * How often each came: a status, `closed` before an answer, `failed` where nobody took the connection. And what a server
 * did that PROTOCOL does not allow, in a sentence each.
 */
export class Tally {
  readonly #counts = new Map<string, number>();
  readonly #wrongs = new Set<string>();

  count(what: string | number, times = 1): void {
    this.#counts.set(String(what), (this.#counts.get(String(what)) ?? 0) + times);
  }

  answered(answer: Answer | undefined): void {
    this.count(answer?.status ?? 'closed');
  }

  wrong(sentence: string): void {
    this.#wrongs.add(sentence);
  }

  get wrongs(): readonly string[] {
    return [...this.#wrongs];
  }

  /** How often anything came of it. */
  get total(): number {
    return this.#counts.values().reduce((sum, count) => sum + count, 0);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}

/** Between two tries of a lane that failed: a server that is gone must not be dialled without pause. */
const AFTER_FAILURE_MS = 50;

/** The same again and again, side by side, until it is over. */
export async function again(scene: Going, lanes: number, round: (lane: number) => Promise<void>) {
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (!scene.over()) {
        try {
          await round(lane);
        } catch {
          scene.tally.count('failed');
          await sleep(AFTER_FAILURE_MS);
        }
      }
    }),
  );
}

/** Connections that are kept while it goes on, each used by one lane, and dialled anew where it was closed. */
export async function overKept(
  scene: Going,
  line: Line,
  lanes: number,
  round: (connection: Connection, lane: number) => Promise<void>,
): Promise<void> {
  const kept = new Map<number, Connection>();
  const ended = setInterval(() => {
    // Whoever waits for an answer then is let go.
    if (scene.over()) for (const connection of kept.values()) connection.close();
  }, 50);
  try {
    await again(scene, lanes, async (lane) => {
      let connection = kept.get(lane);
      if (connection === undefined || connection.closed) {
        connection = await Connection.open(line);
        kept.set(lane, connection);
      }
      await round(connection, lane);
    });
  } finally {
    clearInterval(ended);
    for (const connection of kept.values()) connection.close();
  }
}

/** Asks it over kept connections, one after the other on each. */
export function asking(
  name: string,
  who: (scene: Scene) => Line,
  lanes: number,
  what: (
    scene: Scene,
    lane: number,
  ) => { readonly path: string; readonly body: string | Uint8Array; readonly type?: string },
): Attack {
  return {
    name,
    run: (scene) =>
      overKept(scene, who(scene), lanes, async (connection, lane) => {
        const { path, body, type } = what(scene, lane);
        scene.tally.answered(await connection.ask(path, body, type === undefined ? {} : { type }));
      }),
  };
}

export const asDevice = ({ device }: Scene): Line => device.line;
export const asSecondary = ({ secondary }: Scene): Line => secondary.line;
