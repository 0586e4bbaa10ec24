/**
 * The rules between neighbours: the line of servers above one, in which it must not stand itself; and the rule of the
 * link, whether a key may cross between a server and its neighbour.
 *
 * Every way by which a key can travel over the hierarchy asks here: at the sender before each batch and answer, and at
 * the receiver in the transaction that stores.
 */
import { LOOKUP_DEPTH_MAX } from './limits.ts';
import type { ServerName } from './server-name.ts';

/** What must be known of both ends. `undefined`: not heard since this process started, which counts as off. */
export interface LinkState {
  readonly ownOption: boolean;
  readonly neighbourOption: boolean | undefined;
  readonly ownDmz: boolean;
  readonly neighbourDmz: boolean | undefined;
}

/** The DMZ mark is checked first: it holds whatever the options say. */
export type LinkVerdict = 'open' | 'dmz' | 'own-option-off' | 'neighbour-option-off' | 'not-heard';

export function judgeLink(link: LinkState): LinkVerdict {
  if (link.ownDmz || link.neighbourDmz === true) return 'dmz';
  if (!link.ownOption) return 'own-option-off';
  if (link.neighbourOption === undefined || link.neighbourDmz === undefined) return 'not-heard';
  return link.neighbourOption ? 'open' : 'neighbour-option-off';
}

/**
 * The servers above one, nearest first, from what its primary reports of those above. It ends with the first server
 * that occurs twice, this one or another: otherwise a ring would be passed round without end.
 */
export function lineTo(
  own: ServerName,
  primary: ServerName,
  above: readonly ServerName[],
): readonly ServerName[] {
  const line: ServerName[] = [];
  const seen = new Set([own.id]);
  for (const { id, name } of [primary, ...above].slice(0, LOOKUP_DEPTH_MAX)) {
    line.push({ id, name });
    if (seen.has(id)) break;
    seen.add(id);
  }
  return line;
}

/** The ring in which a line ends, for a server that hangs below it: each a secondary of the one before it. */
export function ringAbove(line: readonly ServerName[]): readonly ServerName[] | undefined {
  const last = line.at(-1);
  const first = line.findIndex(({ id }) => id === last?.id);
  return last === undefined || first === line.length - 1 ? undefined : line.slice(first).toReversed();
}
