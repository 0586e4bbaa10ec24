/**
 * Where a server or an agent is when no option says so. Invariant: a named place beats a usual one, looking makes
 * nothing, and where nothing is found the answer lists the places looked at, in that order.
 */
import { statSync } from 'node:fs';
import type { Environment } from './environment.ts';
import { UsageError } from './usage-error.ts';

export const USUAL_DATA = '/var/lib/keystair';
export const USUAL_STATE = '/var/lib/keystair-agent';

export interface Places extends Pick<Environment, 'data' | 'url' | 'state'> {
  /** The usual places, where they exist. */
  readonly usualData: string | undefined;
  readonly usualState: string | undefined;
}

export function placesOf(
  { data, url, state }: Pick<Environment, 'data' | 'url' | 'state'>,
  usual = { data: USUAL_DATA, state: USUAL_STATE },
): Places {
  return { data, url, state, usualData: ifThere(usual.data), usualState: ifThere(usual.state) };
}

/** A place that cannot be inspected counts as existing: opening it will report why it cannot be used. */
function ifThere(path: string): string | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : path;
  } catch {
    return path;
  }
}

/** The data directory of the server that a command addresses. */
export function serverPlace({ data, url, usualData }: Places): string {
  if (data !== undefined) return data;
  if (url !== undefined) {
    throw new UsageError('KEYSTAIR_URL is set, and a server at a URL is not available in this release yet', {
      code: 'not-available-yet',
      nextStep: "run the command on the server's own machine, with --data DIR",
    });
  }
  return (
    usualData ?? missing('--data', ['KEYSTAIR_DATA', 'KEYSTAIR_URL'], USUAL_DATA, 'keystair server start')
  );
}

/** The directory that a server is started on: an address has no meaning here. */
export function startPlace({ data, usualData }: Places): string {
  return data ?? usualData ?? missing('--data', ['KEYSTAIR_DATA'], USUAL_DATA, 'keystair server start');
}

export function agentPlace({ state, usualState }: Places): string {
  return (
    state ?? usualState ?? missing('--state', ['KEYSTAIR_STATE'], USUAL_STATE, 'keystair agent enrol FILE')
  );
}

function missing(option: string, variables: readonly string[], usual: string, makes: string): never {
  const unset =
    variables.length === 1 ? `${variables[0]} is not set` : `neither ${variables.join(' nor ')} is set`;
  throw new UsageError(`${option} DIR is missing, ${unset}, and there is no ${usual}`, {
    nextStep: `name the directory; \`${makes} ${option} DIR\` makes one`,
  });
}
