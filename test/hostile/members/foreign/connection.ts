/**
 * A connection over which any bytes go, and what is answered on it is cut into answers, where anybody reads them.
 * Invariant: only this machine is ever dialled.
 */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

/** Whom it dials, and as whom. */
export interface Line {
  /** HOST:PORT. */
  readonly address: string;
  readonly certificate?: string;
  readonly privateKey?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export interface Ask {
  readonly method?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function headOf(path: string, bodyBytes: number | undefined, ask: Ask = {}): string {
  const headers: Record<string, string> = {
    host: 'foreign',
    'keystair-protocol': '1',
    'content-type': ask.type ?? 'application/json',
    ...(bodyBytes === undefined ? {} : { 'content-length': String(bodyBytes) }),
    ...ask.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${ask.method ?? 'POST'} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

export function requestOf(path: string, body: string | Uint8Array, ask?: Ask): Buffer {
  const bytes = Buffer.from(body as string);
  return Buffer.concat([Buffer.from(headOf(path, bytes.length, ask)), bytes]);
}

export class Connection {
  readonly #socket: TLSSocket;
  #unread = Buffer.alloc(0);

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  /** Rejects where nobody takes it. */
  static async open({ address, certificate, privateKey }: Line): Promise<Connection> {
    const [host, port] = address.split(':');
    if (host !== '127.0.0.1') throw new Error(`${address} is not this machine`);
    const socket = connect({
      host,
      port: Number(port),
      minVersion: 'TLSv1.3',
      rejectUnauthorized: false,
      ...(certificate === undefined ? {} : { cert: certificate, key: privateKey }),
    });
    const connection = new Connection(socket);
    try {
      await once(socket, 'secureConnect');
    } catch (error) {
      socket.destroy();
      throw error;
    }
    socket.on('error', () => undefined);
    return connection;
  }

  get closed(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded;
  }

  /** Resolves when more may be written, or nothing more can. */
  async write(bytes: string | Uint8Array): Promise<void> {
    if (this.closed || !this.#socket.writable) throw new Error('the connection is closed');
    if (!this.#socket.write(bytes)) await this.#heard('drain', 'close');
  }

  /** For what is not read at the other end: written only where the last is under way. @returns whether it was. */
  push(bytes: string | Uint8Array): boolean {
    if (this.closed || !this.#socket.writable || this.#socket.writableNeedDrain) return false;
    this.#socket.write(bytes);
    return true;
  }

  /** Undefined where the other end closed it. */
  async next(): Promise<Answer | undefined> {
    for (;;) {
      const answer = this.#cut();
      if (answer !== undefined) return answer;
      const block = this.#socket.read() as Buffer | null;
      if (block !== null) this.#unread = Buffer.concat([this.#unread, block]);
      else if (this.closed) return undefined;
      else await this.#heard('readable', 'end', 'close');
    }
  }

  async ask(path: string, body: string | Uint8Array, how?: Ask): Promise<Answer | undefined> {
    await this.write(requestOf(path, body, how));
    return this.next();
  }

  /** Reads and drops: only then is a close of the other end heard. */
  drop(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  #cut(): Answer | undefined {
    const end = this.#unread.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const head = this.#unread.subarray(0, end).toString('latin1');
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const whole = end + 4 + length;
    if (this.#unread.length < whole) return undefined;
    const body = this.#unread.subarray(end + 4, whole);
    this.#unread = this.#unread.subarray(whole);
    return { status: Number(head.slice(9, 12)), body };
  }

  #heard(...events: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        for (const event of events) this.#socket.off(event, done);
        resolve();
      };
      for (const event of events) this.#socket.on(event, done);
    });
  }
}
