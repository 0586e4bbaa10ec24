/** A way to a database that can be cut after any number of bytes, in either direction. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class CuttableWay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  port = 0;
  /** Bytes towards the database, over all connections, after which everything is cut; and how many answers' bytes. */
  cutAfterSent = Infinity;
  cutAfterAnswered = Infinity;
  cuts = 0;

  constructor(target: string) {
    this.#server = createServer((near) => {
      const far = connect(target);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.on('data', (bytes: Buffer) => {
        this.cutAfterSent -= bytes.length;
        if (this.cutAfterSent < 0) {
          // A part of it arrives.
          far.write(bytes.subarray(0, Math.max(0, bytes.length + this.cutAfterSent)), () => this.cutAll());
          this.cutAfterSent = Infinity;
        } else far.write(bytes);
      });
      far.on('data', (bytes) => {
        this.cutAfterAnswered -= bytes.length;
        if (this.cutAfterAnswered < 0) {
          this.cutAfterAnswered = Infinity;
          this.cutAll();
        } else near.write(bytes);
      });
    });
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.port = (this.#server.address() as { port: number }).port;
  }

  cutAll(): void {
    this.cuts += 1;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
