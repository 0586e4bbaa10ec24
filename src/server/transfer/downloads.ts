/**
 * Files that people start and then fetch: exports and backups. When the server stops, a file under way breaks off
 * cleanly.
 *
 * Invariant: a file is fetched once, which means once to its end; one that broke off may be fetched again. The key that
 * seals it is wiped when it ends, by whatever way.
 */
import type { ExportSeal } from '#crypto/export-envelope/seal-export.ts';
import type { Caller } from '#domain/right.ts';
import { untilStopped } from '../environment/call-life.ts';
import { type Random, uuidFrom } from '../environment/environment.ts';
import type { FileUnderWay } from './file-under-way.ts';
import { Started, type StartedPorts } from './started.ts';

/** Resolves when every byte was taken, and throws if that will not happen. */
export type Deliver = (underWay: FileUnderWay) => Promise<void>;

export interface FileMaker<Request, Prepared> {
  /** `export` or `backup`. */
  readonly what: string;
  readonly prepare: (caller: Caller, id: string, request: Request) => Promise<Prepared>;
  /** Sends it once, from its beginning. */
  readonly send: (caller: Caller, prepared: Prepared, deliver: Deliver) => Promise<unknown>;
}

interface DownloadPorts extends StartedPorts {
  readonly random: Random;
}

export class Downloads<Request, Prepared extends { readonly seal: ExportSeal }> {
  readonly #random: Random;
  readonly #maker: FileMaker<Request, Prepared>;
  readonly #started: Started<Prepared>;
  readonly #stopped = new AbortController();
  readonly #sending = new Set<Promise<unknown>>();

  constructor(ports: DownloadPorts, maker: FileMaker<Request, Prepared>) {
    this.#random = ports.random;
    this.#maker = maker;
    this.#started = new Started(ports, maker.what, ({ seal }) => seal.wipe());
  }

  /** Throws `later`, and what preparing throws. */
  async start(caller: Caller, request: Request): Promise<{ readonly id: string }> {
    const id = uuidFrom(this.#random);
    await this.#started.add(caller, id, () => this.#maker.prepare(caller, id, request));
    return { id };
  }

  /** Throws `not-found`, `later`, and what sending throws. */
  download(caller: Caller, id: string, deliver: Deliver): Promise<void> {
    return this.#started.carryOn(caller, id, async (prepared) => {
      const { what, send } = this.#maker;
      const sending = send(caller, prepared, (underWay) =>
        deliver({ ...underWay, bytes: untilStopped(underWay.bytes, this.#stopped.signal, what) }),
      );
      this.#sending.add(sending);
      try {
        await sending;
        this.#started.end(id);
        prepared.seal.wipe();
      } finally {
        this.#sending.delete(sending);
      }
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#started.stop();
    await Promise.allSettled(this.#sending);
  }
}
