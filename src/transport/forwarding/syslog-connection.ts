/**
 * A connection to a receiver of syslog over TLS (RFC 5425).
 *
 * The protocol has no acknowledgement. What it has is an orderly end: whoever answers our end with its own has read all
 * that came before. So what was sent counts as arrived when the connection was ended that way, and the next message
 * opens a new one.
 *
 * Invariants: TLS, its certificate verified against the receiver's name, before the first message. What the receiver
 * sends is read by nobody.
 */
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';

export interface SyslogTarget {
  readonly host: string;
  readonly port: number;
  /** Trusted in place of the usual authorities, PEM. */
  readonly ca?: string | undefined;
  /** Ours, PEM, where the receiver wants to know who sends. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

const BROKEN = 'the receiver ended the connection before everything had arrived';

export class SyslogConnection {
  readonly #target: () => SyslogTarget;
  #open: OpenConnection | undefined;

  /** @param target is read for each connection: certificates are renewed. */
  constructor(target: () => SyslogTarget) {
    this.#target = target;
  }

  /** Resolves when the system took the bytes. */
  async send(frames: Buffer): Promise<void> {
    this.#open ??= new OpenConnection(this.#target());
    await this.#open.send(frames);
  }

  /** Resolves when the receiver has read everything since the last time. */
  async confirm(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    await open.end();
    this.#open = undefined;
  }

  reset(): void {
    this.#open?.destroy();
    this.#open = undefined;
  }
}

class OpenConnection {
  readonly #socket: TLSSocket;
  readonly #connected: Promise<void>;
  readonly #closed: Promise<void>;
  #failure: Error | undefined;
  #ending = false;

  constructor({ host, port, ca, certificate, key }: SyslogTarget) {
    const options: ConnectionOptions = {
      host,
      port,
      minVersion: 'TLSv1.2',
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
    };
    const socket = connect(options);
    this.#socket = socket;
    this.#connected = new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('close', () => reject(this.#failure ?? new Error(BROKEN)));
    });
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
    // Whoever waits for it hears of it; nobody may be waiting.
    this.#connected.catch(() => undefined);
    socket.once('error', (error) => (this.#failure ??= error));
    socket.once('end', () => {
      if (!this.#ending) this.#failure ??= new Error(BROKEN);
    });
    socket.resume();
  }

  async send(frames: Buffer): Promise<void> {
    await this.#connected;
    if (this.#failure !== undefined) throw this.#failure;
    // A connection that closes fails what is being written.
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(frames, (error) => (error == null ? resolve() : reject(this.#failure ?? error)));
    });
  }

  async end(): Promise<void> {
    await this.#connected;
    if (this.#failure !== undefined) throw this.#failure;
    this.#ending = true;
    this.#socket.end();
    await this.#closed;
    if (this.#failure !== undefined) throw this.#failure;
  }

  destroy(): void {
    this.#failure ??= new Error('it was given up');
    this.#socket.destroy();
  }
}
