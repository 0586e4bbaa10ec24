/**
 * A real server process in a place of its own, that is killed and started again, and what is known of its repository
 * from the outside: the order of its keys, which no crash may change.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectToServer } from '#cli/data-directory.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import { type RunningServer, startServer } from '#test/support/running-server.ts';
import type { Place } from './place.ts';
import type { Workplace } from './workplace.ts';

const PAGE = 1000;
/** A drain is cut after ten seconds; a machine may be ten times slower. */
const STOP_MS_MAX = 120_000;

export class CrashServer {
  readonly name: string;
  readonly place: Place;
  readonly data: string;
  readonly #workplace: Workplace;
  #running: RunningServer | undefined;
  #call: PeopleClient | undefined;
  #id: string | undefined;
  #epoch: string | undefined;
  /** Ids in order of their numbers, as far as they were listed. */
  #order: string[] = [];
  #ids = new Set<string>();

  constructor(workplace: Workplace, name: string, place: Place) {
    this.#workplace = workplace;
    this.name = name;
    this.place = place;
    this.data = join(place.path, 'data');
  }

  get call(): PeopleClient {
    assert.ok(this.#call !== undefined, `${this.name} was never started`);
    return this.#call;
  }

  get running(): RunningServer {
    assert.ok(this.#running !== undefined, `${this.name} was never started`);
    return this.#running;
  }

  get order(): readonly string[] {
    return this.#order;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** @param under a program and its arguments, under which the server runs. Throws where it does not become ready. */
  async start(under: readonly string[] = []): Promise<void> {
    const running = await startServer(this.data, ['--name', this.name], {
      under,
      // Also one that never becomes ready ends with the run.
      onProcess: (started) => this.#workplace.keep(started),
    });
    this.#running = running;
    this.#call ??= await connectToServer(this.data);
    this.#id ??= running.server.id;
    assert.equal(running.server.id, this.#id, `${this.name} became another server`);
  }

  /** SIGTERM; resolves with the exit code, also where it had ended before. */
  async stop(): Promise<number | null> {
    const timer = new AbortController();
    const late = sleep(STOP_MS_MAX, 'late' as const, { signal: timer.signal });
    late.catch(() => undefined);
    const code = await Promise.race([this.running.stop(), late]);
    timer.abort();
    assert.notEqual(code, 'late', `${this.name} does not stop:\n${this.running.log()}`);
    return code as number | null;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const { process } = this.running;
    if (process.exitCode !== null || process.signalCode !== null) return;
    const over = once(process, 'close');
    process.kill('SIGKILL');
    await over;
  }

  /** It is there and does nothing, until it is thawed. */
  freeze(): void {
    this.running.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.running.process.kill('SIGCONT');
  }

  /**
   * Lists what is new, or everything again, and holds it against what was listed before; and the epoch, which a server
   * keeps that lost nothing.
   */
  async look({ whole = false }: { readonly whole?: boolean } = {}): Promise<void> {
    const known = this.#order;
    const order = whole ? [] : known;
    let after: string | null = String(order.length);
    while (after !== null) {
      const page: { keys: { id: string; seq: number }[]; next: string | null } = await this.call('listKeys', {
        after,
        limit: PAGE,
      });
      for (const { id, seq } of page.keys) {
        assert.equal(seq, order.length + 1, `${this.name} has a gap in its numbers`);
        order.push(id);
        this.#ids.add(id);
      }
      after = page.next;
    }
    if (whole) {
      assert.deepEqual(order.slice(0, known.length), known, `${this.name} has other keys than before`);
      assert.equal(new Set(order).size, order.length, `${this.name} has a key twice`);
      this.#order = order;
    }
    const { epoch, keys } = await this.call('serverStatus', {});
    this.#epoch ??= epoch;
    assert.equal(epoch, this.#epoch, `${this.name} began a new epoch: it found that it had lost something`);
    assert.ok(keys >= this.#order.length, `${this.name} has ${keys} keys, and had ${this.#order.length}`);
  }

  async verify(): Promise<void> {
    const { ok, problems } = await this.call('verify', {});
    assert.ok(ok, `${this.name} does not verify: ${JSON.stringify(problems)}`);
  }
}
