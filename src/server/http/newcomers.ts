/**
 * The connections of a listener whose callers are not known: in their handshake, before a first call, or refused.
 *
 * Invariant: they are few, however many strangers dial. A connection beyond that ends the oldest of them, so an honest
 * caller, whose handshake takes a moment, still gets in; a connection whose caller is known is never ended for a
 * newcomer.
 */
import type { Server, Socket } from 'node:net';
import { NEWCOMERS_MAX } from '#domain/listener-limits.ts';

export class Newcomers {
  /** The oldest first. */
  readonly #sockets = new Map<string, Socket>();
  readonly #onEnded: () => void;

  constructor(server: Server, onEnded: () => void = () => undefined) {
    this.#onEnded = onEnded;
    server.on('connection', (socket: Socket) => this.#take(socket));
  }

  /** Notes that the caller of this connection is known. */
  know(socket: Socket): void {
    this.#sockets.delete(nameOf(socket));
  }

  #take(socket: Socket): void {
    const name = nameOf(socket);
    this.#sockets.set(name, socket);
    socket.once('close', () => {
      // Its port may have been used again since.
      if (this.#sockets.get(name) === socket) this.#sockets.delete(name);
    });
    if (this.#sockets.size <= NEWCOMERS_MAX) return;
    const [oldest] = this.#sockets.values();
    oldest!.destroy();
    this.#onEnded();
  }
}

/** A connection under TLS has two sockets, the one that was accepted and the one that is called over: both have its port. */
function nameOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}
