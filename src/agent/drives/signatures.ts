/** Names what begins a drive, for systems without blkid. */

/** Offsets from the beginning. */
const SIGNATURES: readonly (readonly [name: string, offset: number, magic: string])[] = [
  ['a LUKS volume', 0, 'LUKS\xba\xbe'],
  ['the second header of a LUKS volume', 0x4000, 'SKUL\xba\xbe'],
  ['an ext2, ext3 or ext4 file system', 0x438, '\x53\xef'],
  ['an XFS file system', 0, 'XFSB'],
  ['a Btrfs file system', 0x10040, '_BHRfS_M'],
  ['an NTFS file system', 3, 'NTFS    '],
  ['a BitLocker volume', 3, '-FVE-FS-'],
  ['an exFAT file system', 3, 'EXFAT   '],
  ['a FAT file system', 0x36, 'FAT1'],
  ['a FAT file system', 0x52, 'FAT32   '],
  ['a swap area', 0xff6, 'SWAPSPACE2'],
  ['an APFS container', 0x20, 'NXSB'],
  ['an ISO 9660 image', 0x8001, 'CD001'],
  ['an LVM physical volume', 0x200, 'LABELONE'],
  ['a member of a Linux RAID', 0x1000, '\xfc\x4e\x2b\xa9'],
  ['a ZFS pool', 0x20000, '\x0c\xb1\xba\x00\x00\x00\x00\x00'],
  ['a GPT partition table', 0x200, 'EFI PART'],
  // Last: boot sectors of file systems end like this too.
  ['a partition table', 0x1fe, '\x55\xaa'],
];

/** @param head the drive's first MiB. */
export function signatureOf(head: Buffer): string | undefined {
  return SIGNATURES.find(([, offset, magic]) =>
    head.subarray(offset, offset + magic.length).equals(Buffer.from(magic, 'latin1')),
  )?.[0];
}
