/** What the audit log tells of a repository that is older than what was acknowledged: restored, or rolled back. */

/** Up to which number commits were acknowledged, and up to which they are there; null where others stand in their place. */
export interface LostRange {
  readonly seen: number;
  readonly kept: number | null;
}

export interface LostCommits {
  readonly keys: LostRange;
  /** Lines of the audit log. */
  readonly lines: LostRange;
  /** The MAC over the audit log up to the last line that was seen, in hexadecimal digits. */
  readonly mac: string;
}

export type PastEvent =
  /** The log continues in a repository restored from a backup: up to this line and root it is the old one's. */
  | {
      readonly event: 'backup-restored';
      readonly backup: string;
      readonly madeAt: string;
      readonly line: number;
      readonly root: string;
      /** Invitations that were still open, and are now void. */
      readonly invitationsVoided: number;
      /** Sessions that were open, and have ended. */
      readonly sessionsEnded: number;
      /** Set-up links that were open, and are void. */
      readonly setUpLinksVoided: number;
    }
  /** A person took a database with an older past for the true one. */
  | {
      readonly event: 'rollback-accepted';
      readonly acceptedAt: string;
      /** PostgreSQL's system identifier and timeline. */
      readonly seen: string;
      readonly found: string;
    };
