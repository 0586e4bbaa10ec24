/**
 * What the command line takes from its environment; nothing else of ours reads it. Places and manners, never a secret.
 * Invariant: an empty variable counts as not set.
 */

export interface Environment {
  /** A server's data directory. */
  readonly data: string | undefined;
  /** A server's address. */
  readonly url: string | undefined;
  /** The agent's state directory. */
  readonly state: string | undefined;
  /** Determined by the launcher, since Node forgets at its start that a hang-up is to be ignored, as under nohup. */
  readonly hangUpIgnored: boolean;
  /** Whether the user wants no colours (https://no-color.org), or has a terminal without any. */
  readonly plain: boolean;
}

export function environmentFrom(variables: Readonly<Record<string, string | undefined>>): Environment {
  const given = (name: string): string | undefined => variables[name] || undefined;
  return {
    data: given('KEYSTAIR_DATA'),
    url: given('KEYSTAIR_URL'),
    state: given('KEYSTAIR_STATE'),
    hangUpIgnored: given('KEYSTAIR_HANGUP') === 'ignored',
    plain: given('NO_COLOR') !== undefined || given('TERM') === 'dumb',
  };
}

export const environment: Environment = environmentFrom(process.env);
