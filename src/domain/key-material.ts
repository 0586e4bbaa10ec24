/**
 * Key material in the one type that holds it. It prints as `[redacted]` wherever a value can be printed, so a log line,
 * an error or a JSON body can carry it only where code calls `expose`.
 */
import { KeystairError } from './errors.ts';
import { KEY_MATERIAL_BYTES_MAX } from './limits.ts';
import { Redacted } from './redacted.ts';

export class KeyMaterial extends Redacted {
  readonly #bytes: Uint8Array;

  /** @param bytes 1 to 4096 bytes, held and not copied. */
  constructor(bytes: Uint8Array) {
    super();
    if (bytes.length === 0 || bytes.length > KEY_MATERIAL_BYTES_MAX) {
      throw new KeystairError(
        'record-invalid',
        `key material must have 1 to ${KEY_MATERIAL_BYTES_MAX} bytes`,
        {
          nextStep: 'check what made the key',
        },
      );
    }
    this.#bytes = bytes;
  }

  static fromText(text: string): KeyMaterial {
    return new KeyMaterial(new TextEncoder().encode(text));
  }

  /** The bytes themselves. At every call of this, material leaves its guard. */
  expose(): Uint8Array {
    return this.#bytes;
  }

  /** Material as a person types it: text where the bytes are UTF-8, else undefined. */
  exposeText(): string | undefined {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#bytes);
    } catch {
      return undefined;
    }
  }
}
