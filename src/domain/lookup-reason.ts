/** Why a lookup finds no key: the names of the reasons, each at the server where it arose. */

export const LOOKUP_REASONS = [
  /** The key is nowhere on the way; the last server asked is the root, or has no primary. */
  'unknown-key',
  /** A server holds the key, and the claim does not fit it. */
  'wrong-claim',
  /** The option is off at `at`. */
  'option-off',
  /** The link from `at` to its primary is marked DMZ. */
  'link-in-dmz',
  /** `at` could not reach its primary, since `since`. */
  'primary-unreachable',
  /** The primary of `at` refuses it. */
  'refused-by-primary',
  /** The question came back to a server that had been asked already. */
  'loop',
  /** The way is longer than the limit. */
  'too-deep',
  /** Time ran out at `at`. */
  'deadline',
  /** A server on the way answered with something that is not the key asked for. */
  'bad-answer',
  /** Too many questions at once, or more in an hour than a server's budget allows. */
  'later',
] as const;
export type LookupReason = (typeof LOOKUP_REASONS)[number];
