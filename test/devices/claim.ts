/** What `npm run devices` shows, one after another. */
import type { Office } from './office.ts';

export interface Claim {
  /** For `--only`. */
  readonly name: string;
  /** In plain sentences: what is so when `show` has not failed. */
  readonly proves: readonly string[];
  show(office: Office): Promise<void>;
}
