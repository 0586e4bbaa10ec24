/**
 * What is so with the drives of this machine: whether each is encrypted, by which key of ours, and when that key was last
 * proved to open it.
 *
 * Invariant: it changes nothing on a drive. Without a connection it asks nobody; with one it proves each drive whose last
 * proof is a day old, and what the server or a tool cannot do for one drive holds up no other.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import type { DriveHere } from '#protocol/agent-program.ts';
import { isMade, newestOf } from './agent-key.ts';
import { checkCryptsetupThere } from './drives/cryptsetup.ts';
import { dataAlgorithm } from './drives/data-algorithm.ts';
import { type OpenDrive, openDrive } from './drives/drive-target.ts';
import { type DriveToken, findDriveTokens } from './drives/drive-token.ts';
import { type FoundDrive, findDrives } from './drives/find-drives.ts';
import { isLuks1, type Luks2Header } from './drives/luks2/luks2-header.ts';
import { proveOpenDrive } from './drives/open-drive.ts';
import { readOpenHeader } from './drives/read-drive.ts';
import { failureOf } from './policy/failed-rotations.ts';
import { readPolicy } from './policy/kept-policy.ts';
import { obeyed, type SeenHere } from './policy/obey.ts';
import type { AgentPorts } from './ports.ts';
import type { DriveProof } from './proofs/drive-proof.ts';
import { isProofDue, proofOf, readProofs } from './proofs/drive-proofs.ts';
import { keyslotLost, proveFromCustody } from './proofs/prove-drive.ts';

export interface LookOptions {
  readonly signal: AbortSignal;
  readonly folders?: readonly string[] | undefined;
  /** To prove what is due with the key from custody. */
  readonly calls?: MachineCalls | undefined;
}

/** Throws `tool-missing`, `tool-failed`, `interrupted`. */
export async function drivesHere(ports: AgentPorts, options: LookOptions): Promise<readonly DriveHere[]> {
  ports.state.requireDevice();
  // A person is told at once; a heartbeat names it beside each drive that needed it.
  if (options.calls === undefined) await checkCryptsetupThere(options.signal);
  const drives: SeenHere[] = [];
  let refused = 0;
  for (const found of await findDrives(options)) {
    try {
      const drive = await openDrive(found.path);
      try {
        drives.push(await lookAt(ports, drive, found, options));
      } finally {
        await drive.handle.close();
      }
    } catch (error) {
      // Pulled out meanwhile.
      if (codeOf(error) === 'not-found') continue;
      if (codeOf(error) === 'not-allowed') refused += 1;
      drives.push({ ...found, ...UNKNOWN, ...failed(error) });
    }
  }
  if (options.calls !== undefined && refused > 0 && refused === drives.length) return mayReadNone(ports);
  const { settings } = readPolicy(ports.state);
  return drives.map((drive) => {
    const judged = obeyed(drive, settings);
    const failed = judged.key === null ? undefined : failureOf(ports.state, judged.key);
    return { ...judged, problem: judged.problem ?? failed?.problem ?? null };
  });
}

/** In a container, or not as root. Told once and not for each drive, and only where a drive here matters to somebody. */
function mayReadNone({ state }: AgentPorts): readonly DriveHere[] {
  const isKept = readProofs(state).length > 0 || state.keys().some(({ kind }) => kind === 'volume');
  if (!isKept && readPolicy(state).settings.fixedDrives === 'leave') return [];
  throw new KeystairError('not-allowed', 'the agent may read no drive of this machine', {
    nextStep: 'run it as root, and outside of a container',
  });
}

const UNKNOWN = { uuid: null, label: null, key: null, provedAt: null, rule: null } as const;

function failed(error: unknown): Pick<DriveHere, 'state' | 'problem'> {
  if (codeOf(error) === 'interrupted' || !(error instanceof KeystairError)) throw error;
  return { state: 'error', problem: error.notice };
}

async function lookAt(
  ports: AgentPorts,
  drive: OpenDrive,
  found: FoundDrive,
  options: LookOptions,
): Promise<SeenHere> {
  // As lsblk names it: a volume's real name is given out anew at each start.
  const { path } = found;
  let seen: Pick<SeenHere, 'uuid' | 'label' | 'key' | 'provedAt' | 'rule' | 'algorithm'> = UNKNOWN;
  try {
    const { header } = await readOpenHeader(drive);
    const proof = proofOf(readProofs(ports.state), { path, uuid: header.uuid });
    seen = {
      uuid: header.uuid,
      label: header.label === '' ? null : header.label,
      key: proof?.key ?? null,
      provedAt: proof?.provedAt ?? null,
      rule: null,
      algorithm: dataAlgorithm(header),
    };
    const token = newestToken(ports, path, header, proof);
    // Encrypted, and never ours.
    if (token === undefined) return { ...found, ...seen, key: null, provedAt: null, ...WITHOUT_RULE };
    if (token.keyId !== proof?.key) seen = { ...seen, key: token.keyId, provedAt: null };
    const checked = await checkedDrive(ports, drive, { path, header, token, proof }, options);
    if (checked?.key === token.keyId) seen = { ...seen, provedAt: checked.provedAt };
    const problem = checked?.problem ?? null;
    return { ...found, ...seen, ...(problem === null ? WITHOUT_RULE : { state: 'error', problem }) };
  } catch (error) {
    if (isLuks1(error)) return { ...found, ...seen, ...WITHOUT_RULE, luks1: true };
    // Not encrypted, or not in a way that we know; no rule says that it must be.
    if (codeOf(error) === 'drive-not-luks') return { ...found, ...seen, state: 'no rule', problem: null };
    return { ...found, ...seen, ...failed(error) };
  }
}

const WITHOUT_RULE = { state: 'encrypted without rule', problem: null } as const;

/** Undefined where the drive never was in custody. Throws `drive-does-not-open` where it was, and names no key of ours now. */
function newestToken(
  ports: AgentPorts,
  path: string,
  header: Luks2Header,
  proof: DriveProof | undefined,
): DriveToken | undefined {
  try {
    const [newest] = findDriveTokens(header).tokens;
    if (newest !== undefined) return newest;
  } catch (error) {
    // cryptsetup takes a removed keyslot out of its token and leaves the token.
    const isKeyslotGone = error instanceof KeystairError && error.details?.['malformed'] !== undefined;
    if (isKeyslotGone && proof !== undefined) throw keyslotLost(path, proof.key, error);
    throw error;
  }
  const made = ports.state.keys().filter(isMade);
  const lost =
    proof?.key ?? newestOf(made.filter(({ record }) => record.locator.luksUuid === header.uuid))?.id;
  if (lost !== undefined) throw keyslotLost(path, lost);
  return undefined;
}

/** What the last check found, or one made now. Undefined where there is none and nobody to ask. */
async function checkedDrive(
  ports: AgentPorts,
  drive: OpenDrive,
  {
    path,
    header,
    token,
    proof,
  }: {
    readonly path: string;
    readonly header: Luks2Header;
    readonly token: DriveToken;
    readonly proof: DriveProof | undefined;
  },
  { calls, signal, folders }: LookOptions,
): Promise<DriveProof | undefined> {
  const subject = { path, uuid: header.uuid, key: token.keyId, header: String(header.seqid) };
  if (calls !== undefined) {
    if (!isProofDue(proof, subject, ports.clock(), readPolicy(ports.state).settings.proofHours)) return proof;
    return proveFromCustody(ports, drive, { subject, token, before: proof }, { calls, signal, folders });
  }
  // What this device holds itself can be tried without anybody.
  const own = ports.state.key(token.keyId);
  if (!isMade(own)) return proof;
  try {
    await proveOpenDrive(drive, { key: own.record, passphrase: own.material, signal });
  } catch (error) {
    if (codeOf(error) === 'drive-does-not-open') throw keyslotLost(path, token.keyId, error);
    throw error;
  }
  return proof === undefined ? undefined : { ...proof, problem: null };
}
