/**
 * What a site does all day, whatever its line does: its devices hand over keys and ask for keys that their server has.
 * Every answer is looked at; one that fails is a broken promise.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KeystairError } from '#domain/errors.ts';
import type { HeldKey, PlayedDevice } from '#test/crashes/played-device.ts';

/** A site is no benchmark: other scenarios share the processors. */
const PAUSE_MS = 100;

export class LocalWork {
  readonly server: string;
  readonly device: PlayedDevice;
  /** Acknowledged, oldest first. */
  readonly keys: HeldKey[] = [];
  #going = true;
  #failure: Error | undefined;
  #over: Promise<void> = Promise.resolve();

  constructor(server: string, device: PlayedDevice) {
    this.server = server;
    this.device = device;
  }

  /** One key into custody, and out again. Throws where either fails. */
  async once(materialBytes?: number): Promise<HeldKey> {
    const key = this.device.makeKey(materialBytes);
    await this.device.handOver(key);
    this.keys.push(key);
    const { outcome } = await this.device.calls.call('deviceLookup', { id: key.id, claim: key.claim });
    if (outcome !== 'found') throw new Error(`${this.server} has key ${key.id} and does not give it out`);
    return key;
  }

  begin(): void {
    this.#going = true;
    this.#over = (async () => {
      while (this.#going) {
        await this.once();
        await sleep(PAUSE_MS);
      }
    })().catch((error: unknown) => {
      const said = error instanceof KeystairError ? error.sentence : String(error);
      this.#failure = new Error(`work at ${this.server} failed: ${said}`, { cause: error });
    });
  }

  /** Throws what failed since it began. */
  async end(): Promise<void> {
    this.#going = false;
    await this.#over;
    if (this.#failure !== undefined) throw this.#failure;
  }
}
