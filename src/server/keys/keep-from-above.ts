/**
 * Keeping what came down by a lookup. Invariants: it is recorded only where the link to that primary is open in the very
 * transaction; where the disk is full the key is answered all the same, which is told, and it is kept as soon as there
 * is room again.
 */
import { codeOf } from '#domain/errors.ts';
import { UNKEPT_KEYS_MAX, UNKEPT_RETRY_MS } from '#domain/limits.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { recordKeys } from '../records/record-keys.ts';

/** `not-kept`: the link is open and the disk is full. */
type Kept = 'new' | 'known' | 'conflict' | 'closed' | 'not-kept';

interface Unkept {
  readonly checked: CheckedKey;
  readonly primaryId: string;
}

export class KeptFromAbove {
  readonly #ports: ServerPorts;
  readonly #link: PrimaryLink;
  /** By id; material in memory only, and few of them. One that is forgotten comes again with the next lookup. */
  readonly #unkept = new Map<string, Unkept>();
  #retrying = false;

  constructor(ports: ServerPorts, link: PrimaryLink) {
    this.#ports = ports;
    this.#link = link;
  }

  /** Throws only what is neither a full disk nor one of the outcomes. */
  async keep(checked: CheckedKey, primaryId: string): Promise<Kept> {
    try {
      return await this.#record(checked, primaryId);
    } catch (error) {
      if (codeOf(error) !== 'disk-full') throw error;
    }
    const { verdict, primary } = await this.#link.judge(this.#ports.store.reader);
    if (verdict !== 'open' || primary?.id !== primaryId) return 'closed';
    await this.#later(checked, primaryId);
    return 'not-kept';
  }

  async #record(checked: CheckedKey, primaryId: string): Promise<Exclude<Kept, 'not-kept'>> {
    const outcome = await this.#ports.store.write(async (transaction) => {
      const { verdict, primary } = await this.#link.judge(transaction);
      if (verdict !== 'open' || primary?.id !== primaryId) return 'closed' as const;
      const [recorded] = await recordKeys(this.#ports, transaction, [checked], `primary:${primaryId}`);
      return recorded?.outcome ?? 'conflict';
    });
    if (outcome === 'new') this.#ports.keysRecorded.raise();
    return outcome;
  }

  /** The event goes into the space set aside; without it the key would not be answered. */
  async #later(checked: CheckedKey, primaryId: string): Promise<void> {
    const { id } = checked.complete.key;
    if (this.#unkept.has(id)) return;
    const event = {
      event: 'key-not-kept',
      by: `primary:${primaryId}`,
      key: id,
      reason: 'disk-full',
    } as const;
    this.#ports.log.warn(event, 'a key that came down was answered and could not be kept: the disk is full');
    await this.#ports.audit.record(event);
    // Only now: whoever asks again must not be answered on the strength of an event that was never written.
    if (this.#unkept.size < UNKEPT_KEYS_MAX) this.#unkept.set(id, { checked, primaryId });
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    this.#ports.timers.after(UNKEPT_RETRY_MS, () => {
      this.#retrying = false;
      void this.#retry();
    });
  }

  async #retry(): Promise<void> {
    for (const [id, { checked, primaryId }] of this.#unkept) {
      try {
        await this.#record(checked, primaryId);
      } catch (error) {
        if (codeOf(error) === 'disk-full') {
          this.#retryLater();
          return;
        }
        // Stopping, or worse: it comes again with the next lookup.
      }
      this.#unkept.delete(id);
    }
  }
}
