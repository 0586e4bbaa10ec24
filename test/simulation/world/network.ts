/**
 * The network between servers and devices: it loses, repeats, delays, reorders, cuts and parts. It carries what
 * `createMachineCalls` sends, as bytes, to whichever running server answers at an address.
 */
import { KeystairError } from '#domain/errors.ts';
import type { Send, SendRequest } from '#protocol/machine-calls.ts';
import type { Presented } from './certificates.ts';
import { streamed } from './body-stream.ts';
import type { Dice } from './dice.ts';
import { type Life, never } from './life.ts';
import type { Schedule } from './schedule.ts';
import type { Trace } from './trace.ts';
import { CLEAR_WEATHER, drawFate, NO_CUT, type Weather } from './weather.ts';
import { sameBytesOf } from './same-bytes-of.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Who calls. */
export interface CallingEnd {
  /** Of its site: what partitions are between. */
  readonly name: string;
  readonly life: Life;
  present(): Presented;
}

/** What answers at an address. */
export interface ServingEnd {
  readonly name: string;
  readonly life: Life;
  /** What the caller pinned must be one of these. */
  readonly authority: string;
  readonly fingerprint: string;
  readonly serverId: string;
  serve(call: ServedCall): Promise<Answer>;
}

export interface ServedCall {
  /** Which copy of a server, or which device, calls. */
  readonly caller: string;
  readonly presented: Presented;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<Uint8Array>;
  /** The very bytes, for those who watch. */
  readonly sent: string | Uint8Array;
  /** It was delivered before. */
  readonly repeated: boolean;
  readonly abort: () => void;
}

export interface NetworkPorts {
  readonly schedule: Schedule;
  readonly dice: Dice;
  readonly trace: Trace;
  /** The running server that answers the caller at this address, if one does. */
  readonly route: (address: string, caller: string) => ServingEnd | undefined;
  /** A call leaves; an answer leaves. */
  readonly onCall: (caller: CallingEnd, target: PinnedEnd, path: string, body: string | Uint8Array) => void;
  /** A call did not come to an answer. */
  readonly onFailure: (caller: string) => void;
}

/** A call that is under way, as its caller sees it. */
export interface OpenCall {
  readonly caller: string;
  readonly address: string;
  readonly path: string;
  /** The server that still reads what is sent. */
  reader: string | undefined;
}

export interface PinnedEnd {
  readonly address: string;
  readonly authority?: string;
  readonly fingerprint?: string;
  readonly serverId: string;
}

const REFUSED_MS = 5;

export class Network {
  readonly #ports: NetworkPorts;
  readonly #parted = new Map<string, number>();
  weather: Weather = CLEAR_WEATHER;
  readonly open = new Set<OpenCall>();
  /** Messages that met a fault. */
  faults = 0;
  calls = 0;

  constructor(ports: NetworkPorts) {
    this.#ports = ports;
  }

  /** Another weather for so long. */
  begin(weather: Weather, ms: number): void {
    this.weather = weather;
    this.#ports.schedule.after(ms, 'the weather clears', () => {
      if (this.weather === weather) this.weather = CLEAR_WEATHER;
    });
  }

  /** Parts two ends (or one from all, with `*`); returns what joins them again. */
  part(one: string, other: string): () => void {
    const name = linkName(one, other);
    this.#parted.set(name, (this.#parted.get(name) ?? 0) + 1);
    return () => this.#parted.set(name, Math.max(0, (this.#parted.get(name) ?? 0) - 1));
  }

  joinAll(): void {
    this.#parted.clear();
  }

  isParted(one: string, other: string): boolean {
    return [linkName(one, other), linkName(one, '*'), linkName(other, '*')].some(
      (name) => (this.#parted.get(name) ?? 0) > 0,
    );
  }

  sender(caller: CallingEnd, target: PinnedEnd): Send {
    return async (request) => {
      if (!caller.life.step()) return never();
      if (request.signal?.aborted === true) throw interrupted();
      this.#ports.onCall(caller, target, request.path, request.body);
      const { status, headers, body } = await this.#exchange(caller, target, request);
      return { status, headers, body: Buffer.from(body) };
    };
  }

  #exchange(caller: CallingEnd, target: PinnedEnd, request: SendRequest): Promise<Answer> {
    const { schedule, trace } = this.#ports;
    this.calls += 1;
    const number = this.calls;
    const named = `#${number} ${caller.name} ${request.path}`;
    trace.noteBytes(`${schedule.now} ${named} to ${target.address}`, sameBytesOf(request.path, request.body));
    const fate = drawFate(this.#ports.dice, this.weather);
    if (fate.slowly) this.#fault();
    return new Promise<Answer>((resolve, reject) => {
      const gone = { broken: false };
      const open: OpenCall = {
        caller: caller.name,
        address: target.address,
        path: request.path,
        reader: undefined,
      };
      this.open.add(open);
      let over = false;
      const settle = (call: () => void): void => {
        if (over) return;
        over = true;
        this.open.delete(open);
        cancelTimeout();
        request.signal?.removeEventListener('abort', onAbort);
        gone.broken = true;
        if (caller.life.step()) call();
      };
      const fail = (why: string): void =>
        settle(() => {
          trace.tell(caller.name, `call ${named} failed: ${why}`);
          this.#ports.onFailure(caller.name);
          reject(unreachable(target, why));
        });
      const onAbort = (): void => settle(() => reject(interrupted()));
      const cancelTimeout = schedule.after(request.timeoutMs, `timeout of ${named}`, () =>
        fail('it did not answer in time'),
      );
      request.signal?.addEventListener('abort', onAbort, { once: true });
      const cancelWatch = caller.life.whenOver(() => {
        over = true;
        this.open.delete(open);
        cancelTimeout();
        gone.broken = true;
      });

      const answered = (server: ServingEnd, answer: Answer, first: boolean): void => {
        if (!first || over || gone.broken) return;
        schedule.after(fate.answerDelay, `answer of ${named}`, () => {
          cancelWatch();
          if (fate.answerLost || this.isParted(caller.name, server.name)) {
            this.#fault();
            if (fate.fast) fail('the connection was closed before the answer came');
            return;
          }
          const shown = sameBytesOf(request.path, answer.body);
          trace.noteBytes(`${schedule.now} ${named} answered ${answer.status}`, shown);
          settle(() => resolve(answer));
        });
      };
      const arrive = (first: boolean): void => {
        // A connection that was given up takes what it had not delivered with it.
        if (over && first) return;
        const server = this.#ports.route(target.address, caller.name);
        if (server === undefined || this.isParted(caller.name, server.name)) {
          if (first && fate.fast)
            schedule.after(REFUSED_MS, `refusal of ${named}`, () => fail('it was not reached'));
          return;
        }
        if (!isPinned(server, target)) {
          if (first) settle(() => reject(untrusted(target)));
          return;
        }
        const cancelDeath = server.life.whenOver(() => {
          if (!first) return;
          schedule.after(REFUSED_MS, `break of ${named}`, () => {
            if (fate.fast) fail('the connection was closed');
          });
        });
        if (first && typeof request.body !== 'string') open.reader = server.name;
        const served = server.serve({
          caller: caller.name,
          presented: caller.present(),
          path: request.path,
          headers: request.headers,
          body:
            typeof request.body === 'string'
              ? request.body
              : streamed({
                  schedule,
                  trace,
                  body: request.body,
                  fate: first ? fate : NO_CUT,
                  gone,
                  onRead: () => {
                    open.reader = undefined;
                  },
                  onCut: () => this.#fault(),
                  onBroken: () => fail('the connection broke'),
                }),
          sent: request.body,
          repeated: !first,
          abort: () => {
            gone.broken = true;
            open.reader = undefined;
            if (first)
              schedule.after(REFUSED_MS, `abort of ${named}`, () => fail('the connection was closed'));
          },
        });
        served.then(
          (answer) => {
            // It may have refused without reading, and its answer may be lost.
            if (first) open.reader = undefined;
            cancelDeath();
            answered(server, answer, first);
          },
          (error: unknown) => {
            throw error;
          },
        );
      };

      if (fate.repeatDelay !== undefined) {
        this.#fault();
        const repeatDelay = fate.delay + fate.repeatDelay;
        schedule.after(repeatDelay, `repeat of ${named}`, () => {
          trace.tell(caller.name, `call ${named} is delivered again`);
          arrive(false);
        });
      }
      if (fate.lost) {
        this.#fault();
        if (fate.fast) schedule.after(fate.delay, `loss of ${named}`, () => fail('the connection broke'));
        return;
      }
      schedule.after(fate.delay, `arrival of ${named}`, () => arrive(true));
    });
  }

  #fault(): void {
    this.faults += 1;
  }
}

function linkName(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

function isPinned(server: ServingEnd, target: PinnedEnd): boolean {
  return (
    server.serverId === target.serverId &&
    (target.authority === undefined || target.authority === server.authority) &&
    (target.fingerprint === undefined || target.fingerprint === server.fingerprint)
  );
}

function unreachable(target: PinnedEnd, why: string): KeystairError {
  return new KeystairError('server-unreachable', `${target.address} was not reached: ${why}`, {
    nextStep: 'check the simulated network',
  });
}

function untrusted(target: PinnedEnd): KeystairError {
  return new KeystairError('untrusted-server', `${target.address} is not the server that was pinned`);
}

function interrupted(): KeystairError {
  return new KeystairError('interrupted', 'the call was given up');
}
