/**
 * Takes a recovery password of another system into custody. The same one again is the key that is there already; another
 * one under the same id supersedes it, and both stay.
 *
 * Invariant: once it is in custody its text is no longer in the agent's state, and no server gives it back to a device.
 */
import { checkKey, type EncryptionKey } from '#domain/encryption-key.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import type { RecoveryPassword } from '#domain/recovery-password.ts';
import { type AgentKey, newestOf } from './agent-key.ts';
import { handOverPending, takeIntoCustody } from './custody.ts';
import type { AgentPorts } from './ports.ts';
import { withServer } from './server-connection.ts';

type Taken = AgentKey & { readonly record: EncryptionKey; readonly blind: Uint8Array };

export async function takeRecoveryForDevice(
  ports: AgentPorts,
  { kind, id, password }: RecoveryPassword,
): Promise<{ readonly key: string }> {
  const material = KeyMaterial.fromText(password);
  const taken = ports.state
    .keys()
    .filter((key): key is Taken => key.kind === 'recovery' && key.record !== null && key.blind !== null)
    .filter(({ record }) => record.algorithm === kind && record.locator.recoveryId === id);
  const { server } = ports.state.requireMembership();
  // One that another server never acknowledged is in no custody, and cannot be handed to this one.
  const same = taken.find(
    (key) => (key.custody === 'made' || key.record.origin === server.id) && isOf(key, material),
  );
  if (same !== undefined) return keepSame(ports, same.id);
  const { key } = await withServer(ports, (calls) =>
    takeIntoCustody(
      ports,
      calls,
      {
        kind: 'recovery',
        locator: { recoveryId: id },
        algorithm: kind,
        replaces: newestOf(taken)?.id ?? null,
      },
      material,
    ),
  );
  return { key: key.key.id };
}

/** It may have been made when no server answered. */
async function keepSame(ports: AgentPorts, id: string): Promise<{ readonly key: string }> {
  if (ports.state.key(id)?.custody === 'pending') {
    const refused = await withServer(ports, (calls) => handOverPending(ports, calls));
    if (refused !== undefined && ports.state.key(id)?.custody === 'pending') throw refused;
  }
  return { key: id };
}

/** The id is made from the content, so it says whether the content is this. */
function isOf({ record, blind }: Taken, material: KeyMaterial): boolean {
  try {
    checkKey({ key: record, material, blind });
    return true;
  } catch {
    return false;
  }
}
