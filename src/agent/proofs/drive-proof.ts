/** The last check of one drive with its key as custody gives it back. */
import type { Notice } from '#domain/step.ts';

export interface DriveProof {
  readonly path: string;
  /** Two plugged drives may have one UUID: a copy of the other. */
  readonly uuid: string;
  readonly key: string;
  /** The header's number, which rises with every change of it. */
  readonly header: string;
  /** When the key was last had from custody and tried, ISO 8601. */
  readonly checkedAt: string;
  /** When it last opened the drive; null where it never did. */
  readonly provedAt: string | null;
  /** Why it did not at the last try, and what to do. */
  readonly problem: Notice | null;
}
