/**
 * Where a server or an agent is when no option says so. Invariant: a named place beats a usual one, looking makes
 * nothing, and where nothing is found the answer lists the places looked at, in that order.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { shellWord } from '#disk/shell-word.ts';
import { peopleOrigin } from '#transport/address.ts';
import type { GivenApproval } from '#transport/people/given-approval.ts';
import { readFingerprint } from '#transport/people/fingerprint.ts';
import type { Environment } from './environment.ts';
import { UsageError } from './usage-error.ts';

export const USUAL_DATA = '/var/lib/keystair';
export const USUAL_STATE = '/var/lib/keystair-agent';

export interface Places extends Pick<Environment, 'data' | 'url' | 'state'> {
  /** The usual places, where they exist. */
  readonly usualData: string | undefined;
  readonly usualState: string | undefined;
  /** The folder of what `login` keeps. */
  readonly logins: string;
}

export function placesOf(
  { data, url, state, userState }: Pick<Environment, 'data' | 'url' | 'state' | 'userState'>,
  usual = { data: USUAL_DATA, state: USUAL_STATE },
): Places {
  return {
    data,
    url,
    state,
    usualData: ifThere(usual.data),
    usualState: ifThere(usual.state),
    logins: join(userState, 'keystair'),
  };
}

/** A place that cannot be inspected counts as existing: opening it will report why it cannot be used. */
function ifThere(path: string): string | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : path;
  } catch {
    return path;
  }
}

/** What the options of a command say about the server it addresses. */
export interface GivenAddress {
  readonly data?: string | undefined;
  readonly url?: string | undefined;
  readonly apiKeyFile?: string | undefined;
  readonly fingerprint?: string | undefined;
}

interface Addressed {
  /** What goes with each call there. */
  readonly given?: GivenApproval;
}

export interface AtDirectory extends Addressed {
  readonly at: 'directory';
  readonly directory: string;
}

export interface AtUrl extends Addressed {
  readonly at: 'url';
  /** The origin. */
  readonly url: string;
  /** The key of a service account, instead of a login. */
  readonly apiKeyFile: string | undefined;
  /** Pinned for this command alone. */
  readonly fingerprint: string | undefined;
}

/** The server that a command addresses: on this machine, or over the network. */
export type ServerAddress = AtDirectory | AtUrl;

/** Throws a usage error where the options do not go together, or nothing says where the server is. */
export function serverAddress(
  given: GivenAddress,
  places: Pick<Places, 'data' | 'url' | 'usualData'>,
): ServerAddress {
  const { data, apiKeyFile, fingerprint } = given;
  const ofUrl =
    apiKeyFile === undefined ? (fingerprint === undefined ? undefined : 'fingerprint') : 'api-key-file';
  if (data !== undefined) {
    const other = given.url === undefined ? ofUrl : 'url';
    if (other !== undefined) throw new UsageError(`--data and --${other} do not go together`);
    return { at: 'directory', directory: data };
  }
  // An option about a URL says that one is meant.
  const url = given.url ?? (places.data === undefined || ofUrl !== undefined ? places.url : undefined);
  if (url !== undefined) {
    const option = given.url === undefined ? 'KEYSTAIR_URL' : '--url';
    return { at: 'url', url: originOf(url, option), apiKeyFile, fingerprint: fingerprintOf(fingerprint) };
  }
  if (ofUrl !== undefined) {
    throw new UsageError(`--${ofUrl} needs a server at a URL`, { nextStep: 'give it with --url URL' });
  }
  const directory =
    places.data ??
    places.usualData ??
    missing('--data', ['KEYSTAIR_DATA', 'KEYSTAIR_URL'], USUAL_DATA, 'keystair server start');
  return { at: 'directory', directory };
}

function originOf(text: string, option: string): string {
  const origin = peopleOrigin(text);
  if (origin !== undefined) return origin;
  throw new UsageError(`${option} must be like https://keys.example:8444, not '${text}'`, {
    nextStep: 'give the address that the server shows as its console; without TLS it is one of this machine',
  });
}

function fingerprintOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const read = readFingerprint(text);
  if (read !== undefined) return read;
  throw new UsageError('--fingerprint must be a SHA-256 of 64 hexadecimal digits', {
    nextStep: "take consoleFingerprint of `keystair server status --json` on the server's own machine",
  });
}

/** The option that addresses the same server, for a command that a sentence shows. */
export function addressOption(server: ServerAddress): string {
  return server.at === 'directory' ? `--data ${shellWord(server.directory)}` : `--url ${server.url}`;
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
