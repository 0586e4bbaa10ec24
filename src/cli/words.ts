/** The words that all commands use for the same thing, chosen so that a help-desk person can read them aloud. */
import { REASON_LENGTH_MAX } from '#domain/limits.ts';
import { type Option, place, remark, text } from './options.ts';
import { agentPlace, serverAddress, type ServerAddress, USUAL_DATA, USUAL_STATE } from './places.ts';

export const AT_URL = {
  url: text('URL', 'instead of --data: the address of a server, after keystair login; else KEYSTAIR_URL'),
  'api-key-file': text('FILE', 'with --url, instead of a login: a file with the key of a service account'),
  fingerprint: text('FINGERPRINT', 'with --url: the SHA-256 of the only certificate that is good enough'),
};

/** The option of every command of the agent. */
export const AGENT_STATE = {
  state: place(`the agent's state directory; else KEYSTAIR_STATE, else ${USUAL_STATE}`, agentPlace),
};

/** Options of every command that asks a server. The value of the first is the server, whichever of them say so. */
export const ADDRESSED_SERVER = { data: addressed(), ...AT_URL };

function addressed(): Option<ServerAddress> {
  return {
    ...text('DIR', `the server's data directory; else KEYSTAIR_DATA, else ${USUAL_DATA}`),
    read: ([data], _given, _name, places, other) =>
      serverAddress(
        { data, url: other('url'), apiKeyFile: other('api-key-file'), fingerprint: other('fingerprint') },
        places,
      ),
  };
}

const APPROVAL = text('A', 'the approved request that this uses up, as keystair approvals list shows it');

/** Of a command whose call a rule may ask approval for: they go with the address, to each call of the command. */
export const ASKED_SERVER = {
  data: asking(),
  ...AT_URL,
  approval: APPROVAL,
  reason: remark('TEXT', 'why, for those who approve it where a rule asks them', REASON_LENGTH_MAX),
};

/** The same, where the call itself says why. */
export const APPROVED_SERVER = { data: asking(), ...AT_URL, approval: APPROVAL };

function asking(): Option<ServerAddress> {
  const { read, ...rest } = addressed();
  return {
    ...rest,
    read: (texts, given, name, places, other) => ({
      ...read(texts, given, name, places, other),
      given: { approval: other('approval'), reason: other('reason') },
    }),
  };
}

/** Of a command that replaces something as a whole: the version goes with the address. */
const IF_VERSION = text('V', 'refuse if somebody has changed it since: the version that was shown');
export const EDITED_SERVER = { ...ADDRESSED_SERVER, data: editing(addressed()), 'if-version': IF_VERSION };
export const EDITED_ASKED_SERVER = { ...ASKED_SERVER, data: editing(asking()), 'if-version': IF_VERSION };

function editing({ read, ...rest }: Option<ServerAddress>): Option<ServerAddress> {
  return {
    ...rest,
    read: (texts, given, name, places, other) => {
      const version = other('if-version');
      const address = read(texts, given, name, places, other);
      return version === undefined
        ? address
        : { ...address, given: { ...address.given, version: `"${version}"` } };
    },
  };
}

/** The answer of a call, and the version for `--if-version`. */
export async function withVersion<Answer>(
  call: (onVersion: (version: string) => void) => Promise<Answer>,
): Promise<{ readonly answer: Answer; readonly version: string | undefined }> {
  let version: string | undefined;
  // An ETag is quoted, which a shell would take away.
  const answer = await call((told) => (version = told.replaceAll('"', '')));
  return { answer, version };
}

/** The option's full name, as the console shows it. */
export const OPTION_NAME = 'Use hierarchy of Administration Servers to obtain encryption keys';

/** Shown at every place that shows a link marked DMZ. */
export const DMZ_ADVICE =
  'No key crosses a link marked DMZ, in either direction. Carry keys across it in a file: ' +
  'keystair keys export on the one server, keystair keys import on the other.';

export function onOrOff(value: boolean): string {
  return value ? 'on' : 'off';
}

export function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

/** `2026-03-01 09:30:00 UTC`, or `never`. */
export function when(time: string | null): string {
  if (time === null) return 'never';
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}
