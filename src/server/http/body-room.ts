/**
 * The memory for the bodies of a listener's calls: those that arrive, and those whose calls are not answered yet.
 *
 * Invariant: all bodies together fit into memory, and none of its callers takes the room of all others. What any honest
 * call of a device sends always finds room.
 */
import type { ServerResponse } from 'node:http';
import { BODY_BYTES_FREE, BODY_BYTES_MAX, MEMBER_BODY_BYTES_MAX } from '#domain/listener-limits.ts';

/** Called with all bytes of a body so far. False if there is no room for them. */
export type HoldBody = (bytes: number) => boolean;

export class BodyRoom {
  readonly #bytesOf = new WeakMap<object, number>();
  #bytes = 0;

  /**
   * For one body, until its answer was taken or its connection is closed.
   *
   * @param holder whose bodies have a share together.
   */
  begin(holder: object, response: ServerResponse): HoldBody {
    let held = 0;
    const hold = (bytes: number): void => {
      this.#bytesOf.set(holder, (this.#bytesOf.get(holder) ?? 0) + bytes);
      this.#bytes += bytes;
      held += bytes;
    };
    return (bytes) => {
      const more = Math.max(0, bytes - BODY_BYTES_FREE) - held;
      if (more <= 0) return true;
      if ((this.#bytesOf.get(holder) ?? 0) + more > MEMBER_BODY_BYTES_MAX) return false;
      if (this.#bytes + more > BODY_BYTES_MAX || response.closed) return false;
      if (held === 0) response.once('close', () => hold(-held));
      hold(more);
      return true;
    };
  }
}
