/**
 * People and service accounts: the rows that say who somebody is and which roles they have.
 *
 * Invariant: a name belongs to one of them at a time, whatever its case, and an id to one for ever.
 */
import type { Changed } from './changed.ts';

/** A service account: a program, which shows a key with every call. */
export interface Service {
  /**
   * The person who made it and so was shown its key; null if that was the owner of the data directory. That person
   * cannot approve its requests.
   */
  readonly owner: string | null;
  /** The hash of its key, hexadecimal. */
  readonly key: string;
  /** ISO 8601; null where the key does not end. */
  readonly expiresAt: string | null;
  /** The latest time that was known when the key was made. */
  readonly knownAt: string;
}

/** Who vouches for a person of a provider. */
export interface ProvidedIdentity {
  /** As the configuration names it. */
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
}

export type RoleLimits = Readonly<Record<string, readonly string[]>>;

export interface PersonRow {
  readonly id: string;
  readonly name: string;
  /** By name. One that is not there gives nothing. */
  readonly roles: readonly string[];
  /** The groups to which a role is limited, by the role's name; a role that is not among them holds everywhere. */
  readonly limits?: RoleLimits | undefined;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Raised when the way in changes: links, half sign-ins and known devices of an earlier one count no more. */
  readonly generation: number;
  readonly service: Service | null;
  readonly identity: ProvidedIdentity | null;
  /** Who gave the roles that they have now; absent until somebody changes them. */
  readonly changed?: Changed | undefined;
}

/** How the audit log names a person: the id, because names are given again, and the name, because people read it. */
export function auditName({ id, name, service }: Pick<PersonRow, 'id' | 'name' | 'service'>): string {
  return `${service === null ? 'person' : 'service'}:${id} ${name}`;
}
