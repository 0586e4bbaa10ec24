/**
 * A checkpoint: what a log says of itself at one moment, as C2SP tlog-checkpoint writes it: which log, how many lines,
 * and the root over them.
 *
 * Invariant: an origin stands for one history. A server that is restored, or finds that it was rolled back, starts a new
 * epoch, and with it a new origin.
 */
import { HASH_BYTES, type SizedRoot } from './merkle-tree.ts';

export interface Checkpoint extends SizedRoot {
  readonly origin: string;
}

const ORIGIN = /^keystair\/([0-9a-f-]{36})\/([0-9a-f]{32})$/;
const TEXT = /^([^\n]{1,255})\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n$/;

/** The name of a log never holds the server's name, which people choose. */
export function originOf(serverId: string, epoch: string): string {
  return `keystair/${serverId}/${epoch}`;
}

/** Undefined where it is not of ours. */
export function parseOrigin(
  origin: string,
): { readonly serverId: string; readonly epoch: string } | undefined {
  const match = ORIGIN.exec(origin);
  return match === null ? undefined : { serverId: match[1]!, epoch: match[2]! };
}

/** The name under which a server countersigns the logs of others. */
export function witnessName(serverId: string): string {
  return `keystair/${serverId}/witness`;
}

/** The text of its note. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

/** Undefined where it is none, or has lines that a cosignature would not cover. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const match = TEXT.exec(text);
  if (match === null) return undefined;
  const root = Buffer.from(match[3]!, 'base64');
  const size = Number(match[2]);
  if (root.length !== HASH_BYTES || !Number.isSafeInteger(size)) return undefined;
  const checkpoint = { origin: match[1]!, size, root };
  return checkpointText(checkpoint) === text ? checkpoint : undefined;
}
