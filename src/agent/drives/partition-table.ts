/** The partitions of a disk (GPT of the UEFI specification, or DOS), as far as naming the right one requires. */

interface Partition {
  readonly number: number;
  /** Bytes from the beginning of the disk. */
  readonly offset: number;
}

/** The unit of LBAs; a disk with larger sectors keeps its table elsewhere and shows none here. */
const SECTOR_BYTES = 512;
const GPT_MAGIC = Buffer.from('EFI PART', 'latin1');
/** The usual number of a GPT's entries; a GPT may be made for more. */
const PARTITIONS_MAX = 128;
const DOS_ENTRIES_AT = 446;
const DOS_ENTRY_BYTES = 16;
const DOS_MAGIC = 0x55aa;

function gptPartitions(front: Buffer): readonly Partition[] {
  const entriesAt = Number(front.readBigUInt64LE(SECTOR_BYTES + 72)) * SECTOR_BYTES;
  const count = Math.min(front.readUInt32LE(SECTOR_BYTES + 80), PARTITIONS_MAX);
  const entryBytes = front.readUInt32LE(SECTOR_BYTES + 84);
  const found: Partition[] = [];
  for (let index = 0; index < count; index++) {
    const entry = front.subarray(entriesAt + index * entryBytes, entriesAt + (index + 1) * entryBytes);
    // A type of zeros marks an unused entry.
    if (entry.length < 48 || entry.subarray(0, 16).every((byte) => byte === 0)) continue;
    found.push({ number: index + 1, offset: Number(entry.readBigUInt64LE(32)) * SECTOR_BYTES });
  }
  return found;
}

function dosPartitions(front: Buffer): readonly Partition[] {
  return [1, 2, 3, 4].flatMap((number) => {
    const at = DOS_ENTRIES_AT + (number - 1) * DOS_ENTRY_BYTES;
    const status = front[at]!;
    const offset = front.readUInt32LE(at + 8) * SECTOR_BYTES;
    // Boot sectors of file systems have code here.
    const used = (status === 0 || status === 0x80) && front[at + 4] !== 0 && offset > 0;
    return used ? [{ number, offset }] : [];
  });
}

/** Undefined where there is no table, or none with a partition in it. @param front the disk's first bytes. */
export function partitionsOf(front: Buffer): readonly Partition[] | undefined {
  if (front.length < 2 * SECTOR_BYTES) return undefined;
  const isGpt = front.subarray(SECTOR_BYTES, SECTOR_BYTES + GPT_MAGIC.length).equals(GPT_MAGIC);
  if (!isGpt && front.readUInt16BE(SECTOR_BYTES - 2) !== DOS_MAGIC) return undefined;
  const found = isGpt ? gptPartitions(front) : dosPartitions(front);
  return found.length === 0 ? undefined : found;
}
