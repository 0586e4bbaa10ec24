/** A body on its way, piece by piece; a cut ends it with an error, or, worse, as if it were whole. */
import type { Schedule } from './schedule.ts';
import type { Trace } from './trace.ts';
import type { StreamFate } from './weather.ts';

export interface BodyStream {
  readonly schedule: Schedule;
  readonly trace: Trace;
  readonly body: Uint8Array;
  readonly fate: StreamFate;
  /** The connection; nothing more arrives over one that is gone. */
  readonly gone: { readonly broken: boolean };
  readonly onRead: () => void;
  readonly onCut: () => void;
  /** The cut was met as an error. */
  readonly onBroken: () => void;
}

export async function* streamed(stream: BodyStream): AsyncGenerator<Uint8Array> {
  const { schedule, trace, body, fate, gone } = stream;
  const end = fate.cutAt === undefined ? body.length : Math.floor(body.length * fate.cutAt);
  const size = Math.max(1, Math.ceil(end / fate.pieces));
  for (let at = 0; at < end; at += size) {
    if (at > 0) await schedule.wait(fate.pieceDelay, 'piece of a stream');
    if (gone.broken) throw new Error('aborted');
    yield body.subarray(at, Math.min(at + size, end));
  }
  stream.onRead();
  if (fate.cutAt === undefined) return;
  stream.onCut();
  trace.tell('network', `a transmission was cut at byte ${end} of ${body.length}`);
  if (fate.cutCleanly) return;
  stream.onBroken();
  throw new Error('aborted');
}
