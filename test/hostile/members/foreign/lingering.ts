/** Connections that are begun early and held as long as they last: each gives a little, now and then, and never ends. */
import { connect } from 'node:net';
import { Connection, headOf, requestOf } from './connection.ts';
import type { Member } from './member.ts';
import type { Held } from './record.ts';

const OF_EACH = 5;
const EVERY_MS = 1000;
/** The beginning of a TLS record that announces more than ever comes. */
export const HALF_A_HELLO = Buffer.from('1603010200010001fc0303', 'hex');

interface Lingering {
  readonly kind: string;
  readonly closed: () => boolean;
}

export class LingeringConnections {
  readonly #all: Lingering[] = [];
  readonly #turns: (() => void)[] = [];

  async open(device: Member, held: readonly Held[]): Promise<void> {
    const keys = held.slice(0, 100).map(({ id, claim }) => ({ id, claim }));
    const arrival = requestOf('/v1/device/arrive', JSON.stringify({ keys }));
    for (let count = 0; count < OF_EACH; count += 1) {
      await this.#speaking('a head', device, 'POST /v1/device/lookup HTTP/1.1\r\n', 'x: y\r\n');
      await this.#speaking('a body', device, headOf('/v1/device/lookup', 200_000), ' ');
      await this.#speaking('an answer that is not read', device, arrival, arrival, { reads: false });
      this.#halfHello(device.line.address);
    }
    setInterval(() => {
      for (const turn of this.#turns) turn();
    }, EVERY_MS);
  }

  /** How many of each kind are still open. */
  still(): Readonly<Record<string, number>> {
    const open: Record<string, number> = {};
    for (const { kind, closed } of this.#all) if (!closed()) open[kind] = (open[kind] ?? 0) + 1;
    return open;
  }

  async #speaking(
    kind: string,
    { line }: Member,
    first: string | Uint8Array,
    more: string | Uint8Array,
    { reads } = { reads: true },
  ): Promise<void> {
    const connection = await Connection.open(line);
    if (reads) connection.drop();
    this.#all.push({ kind, closed: () => connection.closed });
    connection.push(first);
    this.#turns.push(() => connection.push(more));
  }

  #halfHello(address: string): void {
    const [host, port] = address.split(':');
    const socket = connect({ host: host!, port: Number(port) }, () => socket.write(HALF_A_HELLO));
    socket.on('error', () => undefined);
    socket.resume();
    this.#all.push({ kind: 'a handshake', closed: () => socket.destroyed || socket.readableEnded });
  }
}
