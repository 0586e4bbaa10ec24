/**
 * What the command line takes from its environment; nothing else of ours reads it. Places and manners, never a secret.
 * Invariant: an empty variable counts as not set.
 */

import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export interface Environment {
  /** A server's data directory. */
  readonly data: string | undefined;
  /** A server's address. */
  readonly url: string | undefined;
  /** The agent's state directory. */
  readonly state: string | undefined;
  /** The user's own folder for state, as the XDG Base Directory Specification says. */
  readonly userState: string;
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
    userState: userStateFrom(given('XDG_STATE_HOME')),
    hangUpIgnored: given('KEYSTAIR_HANGUP') === 'ignored',
    plain: given('NO_COLOR') !== undefined || given('TERM') === 'dumb',
  };
}

/** In a container a user may have no home at all; a command that keeps nothing must not fail for that. */
function homeOrRoot(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

function userStateFrom(named: string | undefined): string {
  return named !== undefined && isAbsolute(named) ? named : join(homeOrRoot(), '.local/state');
}

export const environment: Environment = environmentFrom(process.env);
