/** What a store of PostgreSQL found wrong with its database's past, for the server to record and to heal. */
import type { LostCommits } from '#domain/past-events.ts';

/** One PostgreSQL instance, and how often one of its standbys was made the primary. */
export interface History {
  /** The system identifier, which `initdb` gives and every standby shares. */
  readonly system: string;
  readonly timeline: number;
}

/** A person took a database with an older past for the true one. */
export interface AcceptedRollback {
  /** ISO 8601. */
  readonly at: string;
  readonly seen: History;
  readonly found: History;
}

/** At least one of the two. */
export interface Setback {
  readonly lost: LostCommits | undefined;
  readonly accepted: AcceptedRollback | undefined;
}
