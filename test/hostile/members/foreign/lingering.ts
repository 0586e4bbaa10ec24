/** Connections that are begun early and held as long as they last: each gives a little, now and then, and never ends. */
import { connect } from 'node:net';
import { Connection, headOf, requestOf } from './connection.ts';
import { heartbeatOf } from './heartbeats.ts';
import { type Member, once } from './member.ts';
import { type Held, newEpoch, START } from './record.ts';

const OF_EACH = 5;
const EVERY_MS = 1000;
/** The beginning of a TLS record that announces more than ever comes. */
export const HALF_A_HELLO = Buffer.from('1603010200010001fc0303', 'hex');

interface Lingering {
  readonly kind: string;
  readonly closed: () => boolean;
  readonly close: () => void;
}

export class LingeringConnections {
  readonly #all: Lingering[] = [];
  readonly #turns: (() => void)[] = [];
  #turning: NodeJS.Timeout | undefined;

  async open(device: Member, secondary: Member, held: readonly Held[]): Promise<void> {
    const keys = held.slice(0, 100).map(({ id, claim }) => ({ id, claim }));
    const arrival = requestOf('/v1/device/arrive', JSON.stringify({ keys }));
    for (let count = 0; count < OF_EACH; count += 1) {
      await this.#speaking('a head', device, 'POST /v1/device/lookup HTTP/1.1\r\n', 'x: y\r\n');
      await this.#speaking('a body', device, headOf('/v1/device/lookup', 200_000), ' ');
      await this.#speaking('an answer that is not read', device, arrival, arrival, { reads: false });
      this.#halfHello(device.line.address);
    }
    await once(secondary.line, '/v1/secondary/heartbeat', heartbeatOf());
    const how = { type: 'application/jsonl', headers: { 'transfer-encoding': 'chunked' } };
    const begin = `${JSON.stringify({ epoch: newEpoch(), ...START })}\n`;
    const front = `${headOf('/v1/secondary/transmission', undefined, how)}${begin.length.toString(16)}\r\n${begin}\r\n`;
    await this.#speaking('a transmission', secondary, front, '1\r\n \r\n');
    this.#turning = setInterval(() => {
      for (const turn of this.#turns) turn();
    }, EVERY_MS);
  }

  /** How many of each kind were still open. From now on none is. */
  end(): Readonly<Record<string, number>> {
    clearInterval(this.#turning);
    const open: Record<string, number> = {};
    for (const { kind, closed, close } of this.#all) {
      if (!closed()) open[kind] = (open[kind] ?? 0) + 1;
      close();
    }
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
    this.#all.push({ kind, closed: () => connection.closed, close: () => connection.close() });
    connection.push(first);
    this.#turns.push(() => connection.push(more));
  }

  #halfHello(address: string): void {
    const [host, port] = address.split(':');
    const socket = connect({ host: host!, port: Number(port) }, () => socket.write(HALF_A_HELLO));
    socket.on('error', () => undefined);
    socket.resume();
    const closed = (): boolean => socket.destroyed || socket.readableEnded;
    this.#all.push({ kind: 'a handshake', closed, close: () => socket.destroy() });
  }
}
