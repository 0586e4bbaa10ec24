/**
 * The event streams of people (server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html).
 *
 * How it flows: a feed signals that there is something new. At most four times a second, each stream then judges its
 * caller again, asks the feed for what is new to them, and writes it.
 *
 * Invariants: nothing is queued for a reader that does not read. When it reads again, it gets the latest state; if it
 * has not read what was written by the second sign of life, it is dropped. A caller whose session ended or who lost the
 * right gets nothing more. Streams are bounded per person and in total.
 */
import type { ServerResponse } from 'node:http';
import { KeystairError } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import { EVENTS_MEDIA_TYPE } from '#protocol/people/routes/jobs.ts';
import type { Log, Timers } from '../../environment/environment.ts';
import type { Feed, FeedEvent } from '../../environment/feed.ts';
import { PEOPLE } from '../replies.ts';
import type { StillAllowed } from './gate.ts';

/** One stream per browser is enough. People may use several browsers, and scripts watch jobs. */
const STREAMS_OF_ONE_MAX = 8;
/** Each takes some tens of kilobytes; all together stay below 64 MiB. */
const STREAMS_MAX = 1000;
/** Changes within this time are sent together: a thousand arriving keys make one event. */
const TOLD_TOGETHER_MS = 250;
/** Finds streams that ended unnoticed, and shows proxies that the connection is alive. */
const SIGN_OF_LIFE_MS = 15_000;
/** A browser reconnects after this time. */
const RETRY_MS = 3000;
const SIGN_OF_LIFE = ':\n\n';

interface Watching {
  readonly owner: Caller['id'];
  readonly raw: ServerResponse;
  readonly feed: Feed;
  readonly stillAllowed: StillAllowed;
  told: string | undefined;
  isBehind: boolean;
  isTelling: boolean;
  /** The last sign of life was written while earlier bytes were still unread. */
  isUnread: boolean;
  end: () => void;
}

export class EventStreams {
  readonly #timers: Timers;
  readonly #log: Log;
  readonly #streams = new Set<Watching>();
  #cancelTelling: (() => void) | undefined;
  #cancelSign: (() => void) | undefined;
  #isStopped = false;

  constructor(timers: Timers, log: Log) {
    this.#timers = timers;
    this.#log = log;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Throws `later` if there are too many, before anything is answered. */
  requireRoom({ id }: Caller): void {
    const own = [...this.#streams].filter(({ owner }) => owner === id).length;
    if (!this.#isStopped && own < STREAMS_OF_ONE_MAX && this.#streams.size < STREAMS_MAX) return;
    throw new KeystairError('later', 'too many event streams are open', {
      nextStep: 'close one of them: one stream is enough for all pages of a browser',
    });
  }

  /** @param after the id of the last event that the caller received. */
  open(
    raw: ServerResponse,
    caller: Caller,
    feed: Feed,
    after: string | undefined,
    stillAllowed: StillAllowed,
  ): void {
    raw.writeHead(200, {
      ...PEOPLE.headers,
      'content-type': EVENTS_MEDIA_TYPE,
      // Tells proxies not to buffer events.
      'x-accel-buffering': 'no',
    });
    raw.write(`retry: ${RETRY_MS}\n\n`);
    const stopListening = feed.listen(() => this.#behind(stream));
    const stream: Watching = {
      owner: caller.id,
      raw,
      feed,
      stillAllowed,
      told: after,
      isBehind: true,
      isTelling: false,
      isUnread: false,
      end: () => {
        stopListening();
        this.#streams.delete(stream);
        raw.end();
      },
    };
    this.#streams.add(stream);
    raw.on('drain', () => void this.#tell(stream));
    raw.once('close', stream.end);
    this.#cancelSign ??= this.#timers.after(SIGN_OF_LIFE_MS, () => this.#giveSigns());
    void this.#tell(stream);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTelling?.();
    this.#cancelSign?.();
    for (const { end } of this.#streams) end();
  }

  #behind(stream: Watching): void {
    stream.isBehind = true;
    this.#cancelTelling ??= this.#timers.after(TOLD_TOGETHER_MS, () => {
      this.#cancelTelling = undefined;
      for (const one of this.#streams) if (one.isBehind) void this.#tell(one);
    });
  }

  async #tell(stream: Watching): Promise<void> {
    const { raw, feed } = stream;
    if (!stream.isBehind || stream.isTelling || raw.writableNeedDrain || raw.destroyed) return;
    const caller = await this.#judge(stream);
    if (caller === undefined) return;
    stream.isBehind = false;
    // Read first: if the feed ends meanwhile, the next round tells it.
    const { isOver } = feed;
    const events = feed.since(stream.told, caller);
    const last = events.at(-1);
    if (last !== undefined) {
      stream.told = last.id;
      raw.write(events.map(eventText).join(''));
    }
    if (isOver) stream.end();
  }

  /** Returns undefined after ending the stream of a caller who may no longer read it. */
  async #judge(stream: Watching): Promise<Caller | undefined> {
    stream.isTelling = true;
    try {
      return await stream.stillAllowed();
    } catch {
      stream.end();
      return undefined;
    } finally {
      stream.isTelling = false;
    }
  }

  async #tellRegularly(stream: Watching, caller: Caller | undefined): Promise<void> {
    if (caller === undefined) return;
    const { raw, feed, told } = stream;
    const events = raw.writableNeedDrain ? [] : (feed.regularly?.(told, caller) ?? []);
    if (events.length > 0) raw.write(events.map(eventText).join(''));
    await this.#tell(stream);
  }

  #giveSigns(): void {
    this.#cancelSign =
      this.#streams.size === 0 ? undefined : this.#timers.after(SIGN_OF_LIFE_MS, () => this.#giveSigns());
    for (const stream of this.#streams) {
      const { raw } = stream;
      if (stream.isUnread && raw.writableLength > 0) {
        this.#log.warn(
          { event: 'event-stream-ended', because: 'unread' },
          'an event stream that nobody reads was ended',
        );
        stream.end();
        raw.destroy();
        continue;
      }
      raw.write(SIGN_OF_LIFE);
      stream.isUnread = raw.writableLength > 0;
      // Also tells a change that came meanwhile.
      if (!stream.isTelling) void this.#judge(stream).then((caller) => this.#tellRegularly(stream, caller));
    }
  }
}

/** Text from people cannot start a line of its own, because JSON contains no line feed. */
function eventText({ id, event, data }: FeedEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
