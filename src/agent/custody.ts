/**
 * Takes a key into custody: the device makes it, keeps it as pending, hands it to its server, and uses it only after
 * the server has acknowledged that it is durable. A kill at any point leaves either a key in custody, or one that
 * nothing was encrypted with and that is handed over again at the next heartbeat.
 */
import { claimToText, hashClaim } from '#domain/claim.ts';
import { type CompleteKey, type KeyDraft, makeKey } from '#domain/encryption-key.ts';
import { type ErrorCode, KeystairError } from '#domain/errors.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { BLIND_BYTES, CLAIM_BYTES } from '#domain/limits.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import type { AgentPorts } from './ports.ts';
import type { AgentKey } from './agent-key.ts';

export type NewKey = Pick<KeyDraft, 'kind' | 'locator' | 'algorithm' | 'replaces'>;

/** Makes a key and hands it over. Resolves once the server has acknowledged it and the receipt is kept. */
export async function takeIntoCustody(
  ports: AgentPorts,
  calls: MachineCalls,
  draft: NewKey,
  material: KeyMaterial,
): Promise<{ readonly key: CompleteKey; readonly claim: Uint8Array }> {
  const device = ports.state.requireDevice();
  const { server } = ports.state.requireMembership();
  const claim = ports.random(CLAIM_BYTES);
  const key = makeKey(
    {
      ...draft,
      claimHash: hashClaim(claim),
      device: { id: device.id, name: device.name },
      origin: server.id,
      createdAt: new Date(ports.clock()).toISOString(),
    },
    material,
    ports.random(BLIND_BYTES),
  );
  ports.state.putKey({
    id: key.key.id,
    kind: key.key.kind,
    custody: 'pending',
    claim: claimToText(claim),
    record: key.key,
    material: key.material,
    blind: key.blind,
  });
  await handOver(ports, calls, key);
  return { key, claim };
}

async function handOver(ports: AgentPorts, calls: MachineCalls, key: CompleteKey): Promise<void> {
  const { keyToWire } = await import('#protocol/wire-key.ts');
  const answer = await calls.call('record', { complete: keyToWire(key) });
  if (answer.id !== key.key.id) {
    throw new KeystairError(
      'request-invalid',
      'the server acknowledged a different key from the one handed over',
      {
        nextStep: 'nothing was encrypted; check the log of the server',
      },
    );
  }
  ports.state.transaction(() => {
    if (ports.state.requireMembership().server.id !== key.key.origin)
      throw movedMeanwhile('made a key', 'encrypted');
    const pending = ports.state.key(key.key.id);
    if (pending !== undefined) ports.state.putKey({ ...pending, custody: 'made' });
    // Nothing on this device is opened with it.
    if (pending?.kind === 'recovery') ports.state.forgetMaterial(pending.id);
    ports.state.putReceipt(answer.server.id, key.key.id, answer.receipt);
  });
}

/** The device's current server was not shown this key. The key was not used, so nothing depends on it. */
function movedMeanwhile(does: string, nothing: string): KeystairError {
  return new KeystairError('interrupted', `the device moved to another server while it ${does}`, {
    nextStep: `nothing was ${nothing}; run the command again`,
  });
}

/** With these codes only this key is refused: the others are handed over, and the heartbeat continues. */
const REFUSED_ALONE: ReadonlySet<ErrorCode> = new Set(['later', 'record-conflict', 'record-invalid']);

/**
 * Hands over again the keys whose acknowledgement never came, so that they are not forgotten.
 *
 * @returns why the first refused key was refused.
 */
export async function handOverPending(
  ports: AgentPorts,
  calls: MachineCalls,
): Promise<KeystairError | undefined> {
  const { server } = ports.state.requireMembership();
  let refusal: KeystairError | undefined;
  for (const { custody, record, material, blind } of ports.state.keys()) {
    // A key made for another server cannot be handed to this one; nothing was encrypted with it.
    if (
      custody !== 'pending' ||
      record === null ||
      material === null ||
      blind === null ||
      record.origin !== server.id
    )
      continue;
    try {
      await handOver(ports, calls, { key: record, material, blind });
    } catch (error) {
      if (!(error instanceof KeystairError) || !REFUSED_ALONE.has(error.code)) throw error;
      refusal ??= error;
      // The budget is used up: the others would be refused as well.
      if (error.code === 'later') break;
    }
  }
  return refusal;
}

/**
 * Remembers a key of another device that was opened here: from now on this device needs it.
 *
 * @param serverId the server that gave it.
 */
export function noteOpened(
  ports: AgentPorts,
  serverId: string,
  key: Pick<AgentKey, 'id' | 'kind' | 'claim'>,
): void {
  ports.state.transaction(() => {
    if (ports.state.key(key.id) !== undefined) return;
    if (ports.state.requireMembership().server.id !== serverId)
      throw movedMeanwhile('asked for a key', 'opened');
    ports.state.putKey({ ...key, custody: 'opened', record: null, material: null, blind: null });
  });
}
