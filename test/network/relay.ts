/**
 * A TCP relay on loopback, through which a server is dialled, and the weather on that line: bytes that wait, get lost,
 * trickle or come late, connections that are reset or refused. It reads no faster than it may pass on, so that whoever
 * sends feels a slow line as on a real one.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Away from the caller, or back to it. */
type Way = 'up' | 'down';

/**
 * `hold`: waits and comes when it clears, as a network does whose ends send again. `lose`: is gone, and this connection
 * stays dead when it clears, without a word to either end.
 */
type Passage = 'pass' | 'hold' | 'lose';

export interface Weather {
  readonly up: Passage;
  readonly down: Passage;
  /** Each way. */
  readonly delayMs: number;
  /** Each way, of one connection. */
  readonly bytesASecond: number;
  /** Drawn for each connection: after so many bytes, both ways together, it is reset. */
  readonly resetAfter: () => number;
  /** Nobody listens: what stands is reset, what comes is refused. */
  readonly refuse: boolean;
}

export const CLEAR: Weather = {
  up: 'pass',
  down: 'pass',
  delayMs: 0,
  bytesASecond: Number.POSITIVE_INFINITY,
  resetAfter: () => Number.POSITIVE_INFINITY,
  refuse: false,
};

/** A trickle is let through ten times a second. */
const SLICES_A_SECOND = 10;

interface Line {
  readonly near: Socket;
  readonly far: Socket;
  readonly dead: Set<Way>;
  bytesLeft: number;
}

export class Relay {
  readonly address: string;
  /** HOST:PORT of who is really dialled. */
  target = '';
  /** Connections that callers opened, and bytes that they sent. */
  connections = 0;
  bytesUp = 0;
  #weather = CLEAR;
  #changed = Promise.withResolvers<void>();
  readonly #lines = new Set<Line>();
  readonly #close: () => void;

  /** @param server listens already. */
  constructor(server: Server) {
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#close = () => server.close();
    server.on('connection', (near) => this.#begin(near));
  }

  set weather(weather: Weather) {
    this.#weather = weather;
    for (const line of this.#lines) {
      for (const way of ['up', 'down'] as const) if (weather[way] === 'lose') line.dead.add(way);
      if (weather.refuse) this.#reset(line);
    }
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  close(): void {
    this.#close();
    for (const { near, far } of this.#lines) {
      near.destroy();
      far.destroy();
    }
  }

  #begin(near: Socket): void {
    this.connections += 1;
    near.on('error', () => undefined);
    if (this.#weather.refuse) {
      reset(near);
      return;
    }
    const [host, port] = this.target.split(':');
    const far = connect({ host: host!, port: Number(port), allowHalfOpen: true });
    const line: Line = { near, far, dead: new Set(), bytesLeft: this.#weather.resetAfter() };
    this.#lines.add(line);
    for (const way of ['up', 'down'] as const) if (this.#weather[way] === 'lose') line.dead.add(way);
    const [up, down] = [this.#carry(line, 'up', near, far), this.#carry(line, 'down', far, near)];
    // A line on which something got lost tells neither end that the other has gone.
    far.on('error', () => line.dead.size > 0 || this.#reset(line));
    near.on('error', () => line.dead.size > 0 || this.#reset(line));
    void Promise.allSettled([up, down]).then(() => {
      this.#lines.delete(line);
      near.destroy();
      far.destroy();
    });
  }

  async #carry(line: Line, way: Way, from: Socket, to: Socket): Promise<void> {
    let sent: Promise<unknown> = Promise.resolve();
    for await (const bytes of from as AsyncIterable<Buffer>) {
      if (way === 'up') this.bytesUp += bytes.length;
      line.bytesLeft -= bytes.length;
      if (line.bytesLeft < 0) {
        this.#reset(line);
        return;
      }
      while (this.#weather[way] === 'hold') await this.#changed.promise;
      if (line.dead.has(way)) continue;
      const { delayMs } = this.#weather;
      const due = performance.now() + delayMs;
      const before = sent;
      sent = (async () => {
        await before;
        if (delayMs > 0) await sleep(Math.max(0, due - performance.now()));
        await this.#write(bytes, to);
      })();
      // Whoever awaits it is told; with a delay that may be later.
      sent.catch(() => undefined);
      // On a line without delay the next bytes are read when these are taken.
      if (delayMs === 0) await sent;
    }
    await sent;
    if (!line.dead.has(way)) to.end();
  }

  async #write(bytes: Buffer, to: Socket): Promise<void> {
    let at = 0;
    while (at < bytes.length && to.writable) {
      const slice = Math.max(1, Math.floor(this.#weather.bytesASecond / SLICES_A_SECOND));
      const piece = bytes.subarray(at, at + slice);
      at += piece.length;
      if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
      if (slice < Number.POSITIVE_INFINITY) await sleep(1000 / SLICES_A_SECOND);
    }
  }

  #reset({ near, far }: Line): void {
    reset(near);
    reset(far);
  }
}

/** Told as a reset where the socket is idle; Node would never close one that still has something to send. */
function reset(socket: Socket): void {
  if (socket.writableEnded || socket.writableLength > 0) socket.destroy();
  else socket.resetAndDestroy();
}

export async function openRelay(): Promise<Relay> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new Relay(server);
}
