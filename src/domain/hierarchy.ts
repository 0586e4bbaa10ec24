/**
 * The rule of the link: whether a key may cross between a server and its neighbour. Every way by which a key can
 * travel over the hierarchy asks here, at the sender before each batch and answer and at the receiver in the
 * transaction that stores.
 */

/** What must be known of both ends. `undefined`: not heard since this process started, which counts as no. */
export interface LinkState {
  readonly ownOption: boolean;
  readonly neighbourOption: boolean | undefined;
  readonly ownDmz: boolean;
  readonly neighbourDmz: boolean | undefined;
}

/** The DMZ mark is looked at first: it holds whatever the options say. */
export type LinkVerdict = 'open' | 'dmz' | 'own-option-off' | 'neighbour-option-off' | 'not-heard';

export function judgeLink(link: LinkState): LinkVerdict {
  if (link.ownDmz || link.neighbourDmz === true) return 'dmz';
  if (!link.ownOption) return 'own-option-off';
  if (link.neighbourOption === undefined || link.neighbourDmz === undefined) return 'not-heard';
  return link.neighbourOption ? 'open' : 'neighbour-option-off';
}
