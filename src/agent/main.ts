/**
 * The agent's wiring: real state, clock and randomness for each command. Each loads its own part of the program when it
 * is called.
 */
import { randomBytes } from 'node:crypto';
import type { AgeAlgorithm } from '#crypto/age-identity.ts';
import { standardInput, standardOutput } from '#disk/standard-streams.ts';
import { claimToText } from '#domain/claim.ts';
import type { TestedDrive } from './drive-commands.ts';
import type { EnrolReport } from './enrol.ts';
import type { AgentPorts } from './ports.ts';
import { AgentState } from './state.ts';
import { agentStatus, type AgentStatus } from './status.ts';

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

export async function enrol(options: {
  readonly state: string;
  readonly invitation: string;
  readonly name: string | undefined;
}): Promise<EnrolReport> {
  const { enrol: enrolDevice } = await import('./enrol.ts');
  return withState(options.state, (ports) => enrolDevice(ports, options), true);
}

export async function heartbeat(options: { readonly state: string }) {
  const { heartbeat: deviceHeartbeat } = await import('./heartbeat.ts');
  return withState(options.state, deviceHeartbeat);
}

export async function run(options: { readonly state: string; readonly stop: AbortSignal }): Promise<void> {
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
  return withState(options.state, (ports) => runAgent(ports, log, options.stop));
}

export function status(options: { readonly state: string }): Promise<AgentStatus> {
  return withState(options.state, agentStatus);
}

interface FileOptions {
  readonly state: string;
  readonly from: string;
  readonly to: string;
  readonly stop: AbortSignal;
  readonly force?: boolean;
}

export async function encryptFile(
  options: FileOptions & { readonly algorithm?: AgeAlgorithm | undefined; readonly newIdentity?: boolean },
): Promise<{ key: string }> {
  const { encryptFileForDevice } = await import('./file-commands.ts');
  return withState(options.state, (ports) =>
    encryptFileForDevice(ports, {
      ...jobOf(options),
      algorithm: options.algorithm ?? 'age-mlkem768x25519',
      newIdentity: options.newIdentity ?? false,
    }),
  );
}

export async function decryptFile(options: FileOptions): Promise<{ key: string }> {
  const { decryptFileForDevice } = await import('./file-commands.ts');
  return withState(options.state, (ports) => decryptFileForDevice(ports, jobOf(options)));
}

function jobOf({ from, to, stop, force = false }: FileOptions) {
  const streams = standardStreams();
  return { input: from, output: to, force, streams, random, signal: stop };
}

export async function formatDrive(options: {
  readonly state: string;
  readonly path: string;
  readonly label: string | undefined;
  readonly erase: boolean;
  readonly stop: AbortSignal;
}): Promise<{ key: string; uuid: string }> {
  const { formatDriveForDevice } = await import('./drive-commands.ts');
  return withState(options.state, (ports) =>
    formatDriveForDevice(ports, { ...options, signal: options.stop }),
  );
}

export async function testDrive(options: {
  readonly state: string;
  readonly path: string;
  readonly stop: AbortSignal;
}): Promise<TestedDrive> {
  const { testDriveForDevice } = await import('./drive-commands.ts');
  return withState(options.state, (ports) =>
    testDriveForDevice(ports, { path: options.path, signal: options.stop }),
  );
}

/** Key id and claim as they lie in a file's header. Nothing in it is authentic. */
export async function heldKeyOfFile(path: string): Promise<{ id: string; claim: string }> {
  const { readFileStanza } = await import('./files/decrypt-file.ts');
  const { keyId, claim } = await readFileStanza(path, standardStreams());
  return { id: keyId, claim: claimToText(claim) };
}

/** Of several keys of ours on one drive, the newest. */
export async function heldKeyOfDrive(path: string): Promise<{ id: string; claim: string }> {
  const { readDrive } = await import('./drives/read-drive.ts');
  const { noDriveToken } = await import('./drives/drive-token.ts');
  const { header, tokens } = await readDrive(path);
  const [newest] = tokens;
  if (newest === undefined) throw noDriveToken(path, header.uuid);
  return { id: newest.keyId, claim: claimToText(newest.claim) };
}
