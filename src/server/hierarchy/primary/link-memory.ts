/** What is kept of the link to the primary between two runs, to show to people. It decides nothing. */
import type { ServerName } from '#domain/server-name.ts';
import { formed } from '#protocol/forms.ts';
import { ConsoleUrl } from '#protocol/introduction.ts';
import { ServerLine } from '#protocol/messages.ts';
import type { Contact } from '#store/rows.ts';
import { readUnverified } from '../unverified-status.ts';

export interface LinkMemory {
  readonly useHierarchy: boolean;
  readonly dmz: boolean;
  readonly acknowledgedSeq: number;
  /** The servers above this one, the nearest first. */
  readonly line: readonly ServerName[];
  /** The address of the primary's console. */
  readonly console?: string | undefined;
}

/** As long as one heartbeat may be late. */
const LATELY_HEARTBEATS = 2;

/** @param heardAt Unix ms. */
export function isLately(
  heardAt: number | null,
  now: number,
  { heartbeatMs }: { readonly heartbeatMs: number },
): boolean {
  return heardAt !== null && now - heardAt < LATELY_HEARTBEATS * heartbeatMs;
}

/** What decides whether a key may cross. */
export type Heard = Pick<LinkMemory, 'useHierarchy' | 'dmz'>;

/** Whether another process heard otherwise since: then what this one heard gives no reason for a refusal any more. */
export function isOutdated(heard: Heard | undefined, since: Heard): boolean {
  return heard?.useHierarchy !== since.useHierarchy || heard.dmz !== since.dmz;
}

const NOTHING_KEPT: LinkMemory = { useHierarchy: false, dmz: false, acknowledgedSeq: 0, line: [] };

export function readLinkMemory(contact: Contact): LinkMemory {
  const kept = { ...NOTHING_KEPT, ...readUnverified<LinkMemory>(contact) };
  const line = formed(ServerLine, kept.line);
  const console = formed(ConsoleUrl, kept.console);
  return { ...kept, line: line.ok ? line.value : [], console: console.ok ? console.value : undefined };
}
