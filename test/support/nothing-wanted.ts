/** No damaged key waits for a record: for parts of a server that are run without its repairs. */
import type { WantedKeys } from '#server/repository/wanted-keys.ts';

export const NOTHING_WANTED: WantedKeys = {
  none: true,
  from: () => false,
  takes: () => false,
  has: () => false,
  repair: () => Promise.resolve(),
};
