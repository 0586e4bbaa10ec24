/**
 * The agent's wiring: real state, clock and randomness for each command. Each command loads its own part of the program
 * when it is called.
 */
import { randomBytes } from 'node:crypto';
import { standardInput, standardOutput } from '#disk/standard-streams.ts';
import { claimToText } from '#domain/claim.ts';
import type { AgentProgram, FileOptions } from '#protocol/agent-program.ts';
import type { AgentPorts } from './ports.ts';
import { AgentState } from './state.ts';
import { agentStatus } from './status.ts';

const clock = (): number => Date.now();
const random = (bytes: number): Uint8Array => randomBytes(bytes);
const standardStreams = () => ({ stdin: standardInput(), stdout: standardOutput() });

async function withState<T>(
  directory: string,
  work: (ports: AgentPorts) => T | Promise<T>,
  create = false,
): Promise<T> {
  const state = AgentState.open(directory, { create });
  try {
    return await work({ state, clock, random });
  } finally {
    state.close();
  }
}

export const enrol: AgentProgram['enrol'] = async (options) => {
  const { enrol: enrolDevice } = await import('./enrol.ts');
  return withState(options.state, (ports) => enrolDevice(ports, options), true);
};

export const heartbeat: AgentProgram['heartbeat'] = async ({ state }) => {
  const { heartbeat: deviceHeartbeat } = await import('./heartbeat.ts');
  return withState(state, deviceHeartbeat);
};

export const run: AgentProgram['run'] = async (options) => {
  const { runAgent } = await import('./run.ts');
  const [{ pino }, { logDestination }] = await Promise.all([
    import('pino'),
    import('#disk/log-destination.ts'),
  ]);
  const log = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    logDestination(),
  );
  return withState(options.state, (ports) => runAgent(ports, log, options));
};

export const status: AgentProgram['status'] = ({ state }) => withState(state, agentStatus);

export const encryptFile: AgentProgram['encryptFile'] = async (options) => {
  const { encryptFileForDevice } = await import('./file-commands.ts');
  return withState(options.state, (ports) =>
    encryptFileForDevice(ports, {
      ...jobOf(options),
      algorithm: options.algorithm,
      newIdentity: options.newIdentity ?? false,
    }),
  );
};

export const decryptFile: AgentProgram['decryptFile'] = async (options) => {
  const { decryptFileForDevice } = await import('./file-commands.ts');
  return withState(options.state, (ports) => decryptFileForDevice(ports, jobOf(options)));
};

function jobOf({ from, to, stop, force = false }: FileOptions) {
  const streams = standardStreams();
  return { input: from, output: to, force, streams, random, signal: stop };
}

export const formatDrive: AgentProgram['formatDrive'] = async (options) => {
  const { formatDriveForDevice } = await import('./drive-commands.ts');
  return withState(options.state, (ports) =>
    formatDriveForDevice(ports, { ...options, signal: options.stop }),
  );
};

export const adoptDrive: AgentProgram['adoptDrive'] = async ({ state, stop, ...request }) => {
  const { adoptDriveForDevice } = await import('./adopt-drive.ts');
  return withState(state, (ports) => adoptDriveForDevice(ports, { ...request, signal: stop }));
};

export const testDrive: AgentProgram['testDrive'] = async (options) => {
  const { testDriveForDevice } = await import('./drive-commands.ts');
  return withState(options.state, (ports) =>
    testDriveForDevice(ports, { path: options.path, signal: options.stop }),
  );
};

export const drives: AgentProgram['drives'] = async ({ state, stop }) => {
  const { drivesHere } = await import('./drives-here.ts');
  return withState(state, (ports) => drivesHere(ports, { signal: stop }));
};

export const openDrive: AgentProgram['openDrive'] = async ({ state, stop, ...request }) => {
  const { openDriveForDevice } = await import('./drive-commands.ts');
  return withState(state, (ports) => openDriveForDevice(ports, { ...request, signal: stop }));
};

export const closeDrive: AgentProgram['closeDrive'] = async ({ name }) => {
  const { closeMapped } = await import('./drives/map-drive.ts');
  await closeMapped(name);
};

export const rotateDrive: AgentProgram['rotateDrive'] = async ({ state, path, stop }) => {
  const { rotateDriveForDevice } = await import('./rotate-drive.ts');
  return withState(state, (ports) => rotateDriveForDevice(ports, { path, signal: stop }));
};

export const requestFile: AgentProgram['requestFile'] = async ({ state, stop, ...job }) => {
  const { requestFileForDevice } = await import('./requests/make-request.ts');
  const streams = standardStreams();
  return withState(state, (ports) => requestFileForDevice(ports, { ...job, streams, signal: stop }));
};

export const spokenRequest: AgentProgram['spokenRequest'] = async ({ state, ...job }) => {
  const { spokenRequestForDevice } = await import('./requests/spoken-request.ts');
  return withState(state, (ports) => spokenRequestForDevice(ports, job));
};

export const openDriveWithSpokenAnswer: AgentProgram['openDriveWithSpokenAnswer'] = async (options) => {
  const { useDriveWithSpokenAnswer } = await import('./requests/spoken-request.ts');
  const { state, stop, ...job } = options;
  return withState(state, (ports) => useDriveWithSpokenAnswer(ports, { ...job, signal: stop }));
};

export const decryptWithAnswer: AgentProgram['decryptWithAnswer'] = async (options) => {
  const { decryptFileWithAnswer } = await import('./requests/use-answer.ts');
  return withState(options.state, (ports) => decryptFileWithAnswer(ports, options.answer, jobOf(options)));
};

export const openDriveWithAnswer: AgentProgram['openDriveWithAnswer'] = async ({ state, stop, ...job }) => {
  const { useDriveWithAnswer } = await import('./requests/use-answer.ts');
  const request = { ...job, streams: standardStreams(), signal: stop };
  return withState(state, (ports) => useDriveWithAnswer(ports, request));
};

export const takeRecovery: AgentProgram['takeRecovery'] = async ({ state, ...recovery }) => {
  const [{ takeRecoveryForDevice }, { readRecoveryPassword }] = await Promise.all([
    import('./take-recovery.ts'),
    import('#domain/recovery-password.ts'),
  ]);
  const { kind, id, text } = recovery;
  return withState(state, (ports) => takeRecoveryForDevice(ports, readRecoveryPassword(kind, id, text)));
};

/** Key id and claim from a file's header. Nothing in it is authentic. */
export const heldKeyOfFile: AgentProgram['heldKeyOfFile'] = async (path) => {
  const { readFileStanza } = await import('./files/decrypt-file.ts');
  const { keyId, claim } = await readFileStanza(path, standardStreams());
  return { id: keyId, claim: claimToText(claim) };
};

/** Of several keys of ours on one drive, the newest. */
export const heldKeyOfDrive: AgentProgram['heldKeyOfDrive'] = async (path) => {
  const { readDrive } = await import('./drives/read-drive.ts');
  const { noDriveToken } = await import('./drives/drive-token.ts');
  const { header, tokens } = await readDrive(path);
  const [newest] = tokens;
  if (newest === undefined) throw noDriveToken(path, header.uuid);
  return { id: newest.keyId, claim: claimToText(newest.claim) };
};
