/** A receiver that does what a test says, and forwarding to it from a real server, with time that a test moves. */
import { Forwarding } from '#server/forwarding/forwarding.ts';
import type { LanePorts } from '#server/forwarding/lane.ts';
import type { AuditReceiver, ForwardedLine } from '#server/forwarding/receiver.ts';
import type { Store } from '#store/store.ts';
import { eventually } from '#test/support/eventually.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';

type Part = 'send' | 'confirm';
export interface Played extends AuditReceiver {
  /** Numbers of the lines that came, attempt by attempt. */
  readonly came: number[];
  readonly ids: Set<string>;
  largest: number;
  /** What it does next; fine where undefined. */
  conduct: ((part: Part) => Promise<void>) | undefined;
  resets: number;
}

export function played(name: string, over: Partial<AuditReceiver> = {}): Played {
  let give: (error: Error) => void = () => {};
  const one: Played = {
    name,
    kind: 'file',
    format: 'keystair',
    from: 'beginning',
    confirmAfterMs: 0,
    came: [],
    ids: new Set(),
    largest: 0,
    conduct: undefined,
    resets: 0,
    async send(lines: readonly ForwardedLine[]) {
      await endingAtReset('send');
      one.largest = Math.max(one.largest, lines.length);
      for (const { number, id } of lines) {
        one.came.push(number);
        one.ids.add(id);
      }
    },
    confirm: () => endingAtReset('confirm'),
    reset() {
      one.resets += 1;
      give(new Error('it was dropped'));
    },
    ...over,
  };
  const endingAtReset = (part: Part): Promise<void> =>
    Promise.race([
      one.conduct?.(part) ?? Promise.resolve(),
      new Promise<void>((_, reject) => {
        give = reject;
      }),
    ]);
  return one;
}

export interface Held {
  readonly server: ServerInProcess;
  readonly forwarding: Forwarding;
  readonly logged: readonly Readonly<Record<string, unknown>>[];
  add(lines: number): Promise<void>;
  /** Lets that much time pass. */
  pass(ms: number): void;
  /** Another process of the same server, begun on the same database. */
  again(...receivers: AuditReceiver[]): Held;
}

export function held(
  server: ServerInProcess,
  receivers: readonly AuditReceiver[],
  store: Store = server.store,
): Held {
  const waiting = new Set<{ readonly at: number; readonly call: () => void }>();
  const { repository } = server;
  // It stands still unless the test moves it.
  const begun = Date.now();
  let passed = 0;
  const clock = (): number => begun + passed;
  let wake: () => void = () => {};
  const logged: Readonly<Record<string, unknown>>[] = [];
  const ports: LanePorts = {
    ...repository,
    store,
    clock,
    log: { info: () => {}, warn: (fields) => void logged.push(fields), error: () => {} },
    random: (bytes: number) => new Uint8Array(bytes),
    timers: {
      after(ms: number, call: () => void) {
        const one = { at: clock() + ms, call };
        waiting.add(one);
        return () => void waiting.delete(one);
      },
    },
  };
  const forwarding = new Forwarding(ports, receivers);
  forwarding.start((listener) => {
    wake = listener;
    return () => (wake = () => {});
  });
  return {
    server,
    forwarding,
    logged,
    async add(lines) {
      await store.write((transaction) =>
        repository.audit.append(
          transaction,
          Array.from({ length: lines }, () => ({
            event: 'recovery-started' as const,
            by: 'server',
            primary: 'P',
          })),
        ),
      );
      wake();
    },
    pass(ms) {
      passed += ms;
      for (const one of waiting) {
        if (one.at > clock()) continue;
        waiting.delete(one);
        one.call();
      }
    },
    again: (...others) => held(server, others),
  };
}

export const open = async (...receivers: AuditReceiver[]): Promise<Held> =>
  held(await openServer('Oslo', { heartbeats: false }), receivers);

export const head = async ({ server }: Held): Promise<number> => (await server.store.reader.auditHead()).seq;
export const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

export async function stateOf(at: Held, name: string) {
  const states = await at.forwarding.states(at.server.store.reader);
  return states.find((one) => one.name === name)!;
}

export const allOf = (at: Held, name: string): Promise<unknown> =>
  eventually(`${name} has everything`, async () => (await stateOf(at, name)).behind === 0);
