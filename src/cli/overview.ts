/**
 * `keystair` alone: what is on this machine, how it is, and the next useful command. Invariant: it is quick, makes
 * nothing and never fails; it reports what it could not find out.
 */
import { shellWord } from '#disk/shell-word.ts';
import type { KeystairError } from '#domain/errors.ts';
import type { ServerStatus } from '#protocol/people/routes/server.ts';
import type { Outcome } from './command.ts';
import type { Context } from './context.ts';
import { holdsServer } from './data-directory.ts';
import { failureOf } from './failure.ts';
import { type Places, USUAL_DATA, USUAL_STATE } from './places.ts';
import { columns } from './table.ts';
import { count, onOrOff, when } from './words.ts';

/** A running server answers in a few milliseconds; nobody should wait for one that hangs. */
const ANSWER_MS_MAX = 1000;

interface Found {
  readonly document: object;
  readonly says: string;
  readonly next: string;
}

export async function overview(context: Context): Promise<Outcome> {
  const [server, agent] = await Promise.all([serverHere(context), agentHere(context)]);
  const logins = await loginsHere(context);
  const found = [server, agent, ...logins].filter((one) => one !== undefined);
  return {
    document: {
      server: server?.document ?? null,
      agent: agent?.document ?? null,
      logins: logins.map(({ document }) => document),
    },
    lines: [
      ...(found.length === 0
        ? beginning(context.places)
        : found.flatMap(({ says, next }) => [says, `  Next: ${next}`])),
      '',
      'Every command: keystair --help',
    ],
  };
}

/** What `login` kept here. No server is asked: it may be far away. */
async function loginsHere({ places }: Context): Promise<Found[]> {
  const { listLogins } = await import('./kept-logins.ts');
  return listLogins(places.logins).map(({ url, server, session }) => {
    const { person = null, expiresAt = null } = session ?? {};
    return {
      document: { url, server, person, expiresAt },
      says:
        session === null
          ? `The certificate of ${server.name} at ${url} is pinned; nobody is signed in there from here.`
          : `${session.person} is signed in at ${server.name}, ${url}, until ${when(session.expiresAt)}.`,
      next: session === null ? `keystair login --url ${url}` : `keystair whoami --url ${url}`,
    };
  });
}

function beginning({ url }: Places): string[] {
  return [
    'There is no server and no agent on this machine yet.',
    `Checked: KEYSTAIR_DATA${url === undefined ? '' : `, KEYSTAIR_URL (${url})`}, ${USUAL_DATA}; KEYSTAIR_STATE, ${USUAL_STATE}.`,
    '',
    ...columns([
      ['  Start a server', `keystair server start --data ${USUAL_DATA} --name NAME`],
      [
        '  Enrol a device',
        `keystair agent enrol FILE --state ${USUAL_STATE}`,
        'FILE: from keystair devices invite',
      ],
      ['  Use a server elsewhere', `keystair login --url ${url ?? 'URL'}`],
      ['  Just try it', 'npm start', 'in a clone of the repository'],
    ]),
  ];
}

async function serverHere(context: Context): Promise<Found | undefined> {
  const { data, url, usualData } = context.places;
  const directory = data ?? (url === undefined ? usualData : undefined);
  if (directory === undefined) return undefined;
  const at = { data: directory };
  try {
    const client = await context.connect({ at: 'directory', directory });
    const life = { onProgress: () => {}, stop: AbortSignal.timeout(ANSWER_MS_MAX) };
    const status = await client('serverStatus', {}, life);
    const { id, name } = status.server;
    return {
      document: { ...at, running: true, id, name },
      says: `The server ${name} runs on ${directory}: ${stateOf(status)}.`,
      next: nextOf(status),
    };
  } catch (error) {
    return { document: { ...at, running: false }, ...notServing(directory, failureOf(error)) };
  }
}

function stateOf({ keys, useHierarchy, primary, secondaries, devices }: ServerStatus): string {
  return [
    count(keys, 'key'),
    count(devices, 'device'),
    primary === null ? 'no primary' : `its primary ${primary.name} is ${primary.state}`,
    count(secondaries.length, 'secondary', 'secondaries'),
    `the option to use the hierarchy is ${onOrOff(useHierarchy)}`,
  ].join(', ');
}

function nextOf({ warnings, devices, primary }: ServerStatus): string {
  if (primary !== null && primary.problem !== null) return 'keystair hierarchy show (the link has a problem)';
  if (warnings.length > 0) {
    return `keystair server status (${count(warnings.length, 'thing')} to act on)`;
  }
  return devices === 0 ? 'keystair devices invite > invitation' : 'keystair server status';
}

function notServing(directory: string, failure: KeystairError): Pick<Found, 'says' | 'next'> {
  const start = `keystair server start --data ${shellWord(directory)}`;
  const { code } = failure;
  if (code === 'server-sealed') {
    return { says: `The server on ${directory} is running but sealed.`, next: 'keystair server unseal' };
  }
  if (code === 'server-not-running') {
    const none = holdsServer(directory) ? '' : ', and it holds none yet';
    return { says: `No server runs on ${directory}${none}.`, next: start };
  }
  if (code === 'not-found') return { says: `There is no data directory ${directory}.`, next: start };
  if (code === 'interrupted') {
    return { says: `The server on ${directory} does not answer.`, next: 'check its log' };
  }
  return {
    says: `The server on ${directory} cannot be reached: ${failure.message}.`,
    next: failure.nextStep ?? `keystair server status --data ${shellWord(directory)}`,
  };
}

async function agentHere(context: Context): Promise<Found | undefined> {
  const { state = context.places.usualState } = context.places;
  if (state === undefined) return undefined;
  try {
    const agent = await context.agentProgram();
    const { device, server, lastHeartbeatAt, problem } = await agent.status({ state });
    const went =
      lastHeartbeatAt === null
        ? 'no heartbeat has succeeded yet'
        : `its last successful heartbeat was at ${when(lastHeartbeatAt)}`;
    return {
      document: { state, device, server, lastHeartbeatAt, problem },
      says:
        problem === null
          ? `The device ${device.name} is enrolled with the server ${server.name}; ${went}.`
          : `The device ${device.name} is enrolled with the server ${server.name}; problem at its last heartbeat: ${problem}; ${went}.`,
      next: problem === null ? 'keystair agent status' : 'keystair agent heartbeat',
    };
  } catch (error) {
    const failure = failureOf(error);
    return {
      document: { state, problem: failure.code },
      says:
        failure.code === 'not-enrolled'
          ? `No device is enrolled in ${state}.`
          : `The agent's state in ${state} cannot be read: ${failure.message}.`,
      next:
        failure.code === 'not-enrolled'
          ? `keystair agent enrol FILE --state ${shellWord(state)}`
          : (failure.nextStep ?? 'keystair agent status'),
    };
  }
}
