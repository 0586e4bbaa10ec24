/** Which keys of a file somebody may bring whose right is limited to groups of devices: those of the devices in them. */
import type { CheckedKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import { keyInScope, type Scope } from '#domain/scope.ts';
import { readMember } from '../members/members.ts';
import type { TransferPorts } from './transfer-ports.ts';

export class DevicesInScope {
  readonly #ports: Pick<TransferPorts, 'rows' | 'store'>;
  readonly #scope: Scope;
  readonly #devices = new Set<string>();
  #outside = 0;

  constructor(ports: Pick<TransferPorts, 'rows' | 'store'>, scope: Scope) {
    this.#ports = ports;
    this.#scope = scope;
  }

  /** Keys that were left out. */
  get outside(): number {
    return this.#outside;
  }

  /** Of the keys that were kept; none where nothing is limited. */
  get devices(): ReadonlySet<string> {
    return this.#devices;
  }

  async keep(keys: readonly CheckedKey[]): Promise<readonly CheckedKey[]> {
    if (this.#scope === 'everywhere') return keys;
    const kept: CheckedKey[] = [];
    for (const key of keys) {
      const { id } = key.complete.key.device;
      if (!this.#devices.has(id) && !(await isInScope(this.#ports, this.#scope, id))) continue;
      this.#devices.add(id);
      kept.push(key);
    }
    this.#outside += keys.length - kept.length;
    return kept;
  }
}

/** Throws `changed-meanwhile` where one of the devices is outside by now. */
export async function requireStillInScope(
  ports: Pick<TransferPorts, 'rows' | 'store'>,
  scope: Scope,
  devices: ReadonlySet<string>,
): Promise<void> {
  for (const id of devices)
    if (!(await isInScope(ports, scope, id))) {
      throw new KeystairError('changed-meanwhile', 'a device of the file was moved to another group since', {
        nextStep: 'bring the file again',
      });
    }
}

async function isInScope(
  { rows, store }: Pick<TransferPorts, 'rows' | 'store'>,
  scope: Scope,
  device: string,
): Promise<boolean> {
  return keyInScope(scope, await readMember(rows, store.reader, device));
}
