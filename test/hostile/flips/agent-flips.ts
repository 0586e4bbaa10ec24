/**
 * Bits of an agent's state: of the columns of the keys it made, and of its file. Nothing is encrypted under what was
 * altered, and nothing is opened with it.
 */
import { hash, randomBytes, randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { currentFileIdentity } from '#agent/file-identity.ts';
import type { AgentPorts } from '#agent/ports.ts';
import { withServer } from '#agent/server-connection.ts';
import { AgentState } from '#agent/state.ts';
import { agentStatus } from '#agent/status.ts';
import { makeAgeIdentity } from '#crypto/age-identity.ts';
import { claimToText } from '#domain/claim.ts';
import { KeystairError } from '#domain/errors.ts';
import { createAuthority, issueMemberCertificate } from '#transport/authority.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import { makeSomeKey } from '#test/support/some-key.ts';
import type { Dice } from '../../simulation/world/dice.ts';
import { clock, random } from '../ports.ts';
import { flipped, type FlipClass, type Outcome } from './flip.ts';

const FILE = 'agent.db';
const ROW_NAME = { keys: 'id', facts: 'name' } as const;
const COLUMNS = ['id', 'kind', 'custody', 'claim', 'record', 'material', 'blind'];

interface AgentSite {
  readonly directory: string;
  /** Id to claim and hash of the material of every key made here. */
  readonly keys: ReadonlyMap<string, { readonly claim: string; readonly material: string }>;
  /** Of the file identity in use. */
  readonly current: string;
  /** What its tables hold. */
  readonly contents: string | undefined;
}

const materialOf = (bytes: Uint8Array): string => hash('sha256', bytes);

async function makeAgentSite(folder: string): Promise<AgentSite> {
  const directory = join(folder, 'agent');
  mkdirSync(directory, { recursive: true });
  const state = AgentState.open(directory, { create: true });
  const server = { id: randomUUID(), name: 'Office' };
  const device = { id: randomUUID(), name: 'laptop' };
  const keys = new Map<string, { claim: string; material: string }>();
  const { privateKeyPem, publicKey } = makeKeyPair();
  const authority = await createAuthority({ serverId: server.id, now: clock() });
  const certificate = await issueMemberCertificate(authority, {
    memberId: device.id,
    publicKey,
    now: clock(),
  });
  try {
    state.set('device', { ...device, privateKeyPem });
    // Nobody listens there: what has to be asked of the server fails at once.
    const pinned = { authority: authority.certificatePem, certificate };
    state.set('membership', { server, addresses: ['127.0.0.1:1'], ...pinned });
    let current = '';
    for (const kind of ['volume', 'volume', 'file'] as const) {
      const { identity } = await makeAgeIdentity('age-x25519');
      const draft = { device, origin: server.id, kind, algorithm: 'age-x25519' };
      const key = makeSomeKey(kind === 'file' ? draft : { device, origin: server.id }, identity.expose());
      const claim = claimToText(key.claim);
      const { material, blind } = key;
      state.putKey({ id: key.key.id, kind, custody: 'made', claim, record: key.key, material, blind });
      state.putReceipt(server.id, key.key.id, randomBytes(64).toString('base64'));
      keys.set(key.key.id, { claim, material: materialOf(material.expose()) });
      current = key.key.id;
    }
    return { directory, keys, current, contents: contentsOf(directory) };
  } finally {
    state.close();
  }
}

function contentsOf(directory: string): string | undefined {
  const database = new DatabaseSync(join(directory, FILE), { returnArrays: true });
  try {
    const tables = ['facts', 'keys', 'receipts'].map((table) =>
      JSON.stringify(database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()),
    );
    return hash('sha256', tables.join('\n'));
  } catch {
    return undefined;
  } finally {
    database.close();
  }
}

async function onCopy(site: AgentSite, change: (path: string) => void): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'keystair-flips-'));
  try {
    copyFileSync(join(site.directory, FILE), join(directory, FILE));
    change(join(directory, FILE));
    return await judge(site, directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function judge(site: AgentSite, directory: string): Promise<Outcome> {
  const contents = contentsOf(directory);
  let state: AgentState | undefined;
  try {
    state = AgentState.open(directory, { create: false });
    const found = agentStatus({ state, clock, random }).warnings.some((warning) =>
      /are damaged/.test(warning),
    );
    for (const { id, claim, material } of state.keys()) {
      if (material === null) continue;
      const made = site.keys.get(id);
      if (made?.claim !== claim || made.material !== materialOf(material.expose()))
        return { wrong: `key ${id} is used as it never was` };
    }
    return await judgeIdentity(site, { state, clock, random }, found, contents);
  } catch (error) {
    return error instanceof KeystairError ? 'found' : { wrong: `without a code: ${(error as Error).stack}` };
  } finally {
    state?.close();
  }
}

/** A file is encrypted under the identity in custody, with its claim, or not at all. */
async function judgeIdentity(
  site: AgentSite,
  ports: AgentPorts,
  found: boolean,
  contents: string | undefined,
): Promise<Outcome> {
  const { keyId, claim } = await currentFileIdentity(ports, 'age-x25519', false);
  // And the server is spoken to with what the state holds: out of reach here, but never without a reason.
  const spoken = await withServer(ports, async (calls) => calls.call('arrived', {})).catch(
    (error: unknown) => error,
  );
  if (!(spoken instanceof KeystairError)) throw spoken;
  if (spoken.code !== 'server-unreachable') return 'found';
  if (keyId !== site.current || claimToText(claim) !== site.keys.get(keyId)?.claim)
    return { wrong: 'a file would be encrypted under what nobody has in custody' };
  if (found) return 'found';
  // Names, addresses, times, receipts: the server judges them, not this device.
  return contents === site.contents ? 'same' : 'let be';
}

function flipColumn(path: string, table: 'keys' | 'facts', column: string, dice: Dice): void {
  const database = new DatabaseSync(path);
  try {
    const rows = database
      .prepare(`SELECT ${ROW_NAME[table]} AS name, ${column} AS value FROM ${table}`)
      .all();
    const { name, value } = dice.pick(rows);
    const bytes = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array);
    const sql = typeof value === 'string' ? 'CAST(? AS TEXT)' : '?';
    database
      .prepare(`UPDATE ${table} SET ${column} = ${sql} WHERE ${ROW_NAME[table]} = ?`)
      .run(flipped(bytes, dice).bytes, name as SQLInputValue);
  } finally {
    database.close();
  }
}

/** Columns of a key that was made here: all of them are told of. */
function keyColumn(site: AgentSite, column: string): FlipClass {
  return {
    name: `agent state, keys: ${column}`,
    async run(dice) {
      const outcome = await onCopy(site, (path) => flipColumn(path, 'keys', column, dice));
      return outcome === 'let be' ? { wrong: 'nothing tells of it' } : outcome;
    },
  };
}

export async function agentFlips(folder: string): Promise<FlipClass[]> {
  const site = await makeAgentSite(folder);
  const file: FlipClass = {
    name: "the agent's file",
    run: (dice) => onCopy(site, (path) => writeFileSync(path, flipped(readFileSync(path), dice).bytes)),
  };
  const facts: FlipClass = {
    name: 'agent state, facts: value',
    run: (dice) => onCopy(site, (path) => flipColumn(path, 'facts', 'value', dice)),
  };
  return [...COLUMNS.map((column) => keyColumn(site, column)), facts, file];
}
