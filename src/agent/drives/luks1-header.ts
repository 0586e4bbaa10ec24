/**
 * The header of a LUKS1 volume (LUKS1 On-Disk Format Specification, version 1.2.3), as far as its conversion to LUKS2 needs it.
 * Like every header it is not authenticated: what it says is bounded, and cryptsetup judges the rest.
 */
const MAGIC = Buffer.from('LUKS\xba\xbe', 'latin1');
const VERSION_AT = 6;
const PAYLOAD_SECTOR_AT = 104;
const UUID_AT = 168;
const UUID_BYTES = 36;
const KEYSLOTS_AT = 208;
const KEYSLOT_BYTES = 48;
export const LUKS1_KEYSLOTS = 8;
const USED = 0x00_ac_71_f3;
const SECTOR_BYTES = 512;
const HEADER_BYTES = KEYSLOTS_AT + LUKS1_KEYSLOTS * KEYSLOT_BYTES;

export interface Luks1Header {
  /** As it is written there; in the name of a file only where it is a UUID. */
  readonly uuid: string;
  /** Where the data begins, and the keyslots end. */
  readonly payloadAt: number;
  readonly keyslotsUsed: number;
}

/** Undefined where `front` does not begin with one. */
export function findLuks1Header(front: Uint8Array): Luks1Header | undefined {
  const bytes = Buffer.from(front.buffer, front.byteOffset, front.length);
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (bytes.readUInt16BE(VERSION_AT) !== 1) return undefined;
  let keyslotsUsed = 0;
  for (let slot = 0; slot < LUKS1_KEYSLOTS; slot += 1)
    if (bytes.readUInt32BE(KEYSLOTS_AT + slot * KEYSLOT_BYTES) === USED) keyslotsUsed += 1;
  return {
    uuid: bytes.toString('latin1', UUID_AT, UUID_AT + UUID_BYTES).toLowerCase(),
    payloadAt: bytes.readUInt32BE(PAYLOAD_SECTOR_AT) * SECTOR_BYTES,
    keyslotsUsed,
  };
}
