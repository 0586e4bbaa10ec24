/**
 * What the members of a listener hold of it together: their connections, and the answers that they have not taken.
 *
 * Invariant: each member has a bounded share of both, so that it cannot take the room of all others. All untaken
 * answers together fit into memory, however many members are hostile.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  MEMBER_CONNECTIONS_MAX,
  MEMBER_UNREAD_BYTES_MAX,
  UNREAD_BYTES_MAX,
} from '#domain/listener-limits.ts';

interface Share {
  connections: number;
  unreadBytes: number;
}

export class MemberConnections {
  readonly #shares = new Map<string, Share>();
  readonly #shareOf = new WeakMap<Socket, Share>();
  #unreadBytes = 0;

  /** Called at each call. False if the member already has all the connections it may have, without this one. */
  admit(socket: Socket, memberId: string): boolean {
    if (this.#shareOf.has(socket)) return true;
    const share = this.#shares.get(memberId) ?? { connections: 0, unreadBytes: 0 };
    if (share.connections >= MEMBER_CONNECTIONS_MAX) return false;
    share.connections += 1;
    this.#shares.set(memberId, share);
    this.#shareOf.set(socket, share);
    socket.once('close', () => {
      share.connections -= 1;
      if (share.connections === 0) this.#shares.delete(memberId);
    });
    return true;
  }

  /** What all connections of one member have in common; of a caller that is no member, the connection. */
  holderOf(socket: Socket): object {
    return this.#shareOf.get(socket) ?? socket;
  }

  /** Called before an answer leaves. False if the member, or all members together, already leave too much untaken. */
  answer(socket: Socket, response: ServerResponse, bytes: number): boolean {
    const share = this.#shareOf.get(socket);
    if (share === undefined || socket.destroyed) return true;
    const isFirst = share.unreadBytes === 0;
    if (!isFirst && share.unreadBytes + bytes > MEMBER_UNREAD_BYTES_MAX) return false;
    if (this.#unreadBytes + bytes > UNREAD_BYTES_MAX) return false;
    share.unreadBytes += bytes;
    this.#unreadBytes += bytes;
    // After the last byte was taken, or when the connection closes.
    response.once('close', () => {
      share.unreadBytes -= bytes;
      this.#unreadBytes -= bytes;
    });
    return true;
  }
}
