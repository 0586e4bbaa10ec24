/** The way to a primary, whoever opens it. */
import type { MachineCalls } from '#protocol/machine-calls.ts';
import type { PrimaryRow } from './primary-row.ts';

/** Opens (or reuses) the connections to a primary. */
export interface Dialler {
  calls(primary: PrimaryRow): Promise<MachineCalls>;
  /** Closes connections to a primary that was left or changed. */
  close(): void;
}
