/** A drive that was to get a new key and did not. */
import type { Notice } from '#domain/step.ts';

export interface FailedRotation {
  /** The key that was to be replaced. */
  readonly key: string;
  /** ISO 8601. */
  readonly at: string;
  readonly problem: Notice;
}
