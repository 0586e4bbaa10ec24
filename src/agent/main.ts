/**
 * The agent's wiring: real state, clock and randomness for each command.
 */
import { randomBytes } from 'node:crypto';
import type { AgeAlgorithm } from '#crypto/age-identity.ts';
import { claimToText } from '#domain/claim.ts';
import { KeystairError } from '#domain/errors.ts';
import { formatDriveForDevice, testDriveForDevice } from './drive-commands.ts';
import { readDrive } from './drives/read-drive.ts';
import { enrol as enrolDevice, type EnrolReport } from './enrol.ts';
import { decryptFileForDevice, encryptFileForDevice } from './file-commands.ts';
import { readFileStanza } from './files/decrypt-file.ts';
import { heartbeat as deviceHeartbeat } from './heartbeat.ts';
import type { AgentPorts } from './ports.ts';
import { runAgent } from './run.ts';
import { AgentState } from './state.ts';
import { agentStatus, type AgentStatus } from './status.ts';

const clock = (): number => Date.now();
const random = (bytes: number): Uint8Array => randomBytes(bytes);
const streams = { stdin: process.stdin, stdout: process.stdout };

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

export function enrol(options: {
  readonly state: string;
  readonly invitation: string;
  readonly name: string | undefined;
}): Promise<EnrolReport> {
  return withState(options.state, (ports) => enrolDevice(ports, options), true);
}

export function heartbeat(options: { readonly state: string }) {
  return withState(options.state, deviceHeartbeat);
}

export async function run(options: { readonly state: string; readonly stop: AbortSignal }): Promise<void> {
  // Loaded here and not above: no other command writes a log.
  const { pino } = await import('pino');
  const log = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
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

export function encryptFile(
  options: FileOptions & { readonly algorithm?: AgeAlgorithm | undefined; readonly newIdentity?: boolean },
): Promise<{ key: string }> {
  return withState(options.state, (ports) =>
    encryptFileForDevice(ports, {
      ...jobOf(options),
      algorithm: options.algorithm ?? 'age-mlkem768x25519',
      newIdentity: options.newIdentity ?? false,
    }),
  );
}

export function decryptFile(options: FileOptions): Promise<{ key: string }> {
  return withState(options.state, (ports) => decryptFileForDevice(ports, jobOf(options)));
}

function jobOf({ from, to, stop, force = false }: FileOptions) {
  return { input: from, output: to, force, streams, random, signal: stop };
}

export function formatDrive(options: {
  readonly state: string;
  readonly path: string;
  readonly label: string | undefined;
  readonly erase: boolean;
}): Promise<{ key: string; uuid: string }> {
  return withState(options.state, (ports) => formatDriveForDevice(ports, options));
}

export function testDrive(options: {
  readonly state: string;
  readonly path: string;
}): Promise<{ key: string; keyslot: number; source: string }> {
  return withState(options.state, (ports) => testDriveForDevice(ports, options));
}

/** Key id and claim as they lie in a file's header. Nothing in it is authentic. */
export async function heldKeyOfFile(path: string): Promise<{ id: string; claim: string }> {
  const { keyId, claim } = await readFileStanza(path, streams);
  return { id: keyId, claim: claimToText(claim) };
}

/** Of several keys of ours on one drive, the newest. */
export async function heldKeyOfDrive(path: string): Promise<{ id: string; claim: string }> {
  const [newest] = (await readDrive(path)).tokens;
  if (newest === undefined) {
    throw new KeystairError('drive-no-token', `the drive ${path} carries no key id of Keystair`, {
      nextStep: 'name the key by its id, as `keystair keys list --find TEXT` shows it',
    });
  }
  return { id: newest.keyId, claim: claimToText(newest.claim) };
}
