/** The settings of identity providers, from the configuration. */

/** A role that holds only for the devices of these groups, and of those below them. */
export interface LimitedRole {
  readonly role: string;
  /** By id: a name may be another group's tomorrow. One that is not there gives nothing. */
  readonly groups: readonly string[];
}

export interface ProviderSettings {
  /** Part of the address to which the provider sends people back. */
  readonly id: string;
  /** The name that people see. */
  readonly name: string;
  readonly issuer: URL;
  readonly clientId: string;
  /** Read at each use, since it may be renewed while the server runs. */
  readonly clientSecretFile: string;
  readonly scopes: readonly string[];
  /** The claim that lists the groups of a person. */
  readonly groupsClaim: string;
  /** A role for each group, by the group's id. */
  readonly groups: Readonly<Record<string, string | LimitedRole>>;
  /** Whether a group may give the right to manage people. */
  readonly mayGivePeople: boolean;
}
