/** What refusals say of a file that is no whole export, backup or encrypted file: a part of `refused.ts`. */
export const REFUSED_FILES = {
  'export-invalid': {
    itIsABackup: /backup of a server.*`keystair server restore`/,
    trailerSays: /^keystair: export-invalid: the trailer says/,
    otherVersion: /version 7.*upgrade this server/,
    lineTooLong: /line 3 has more than 65536 bytes/,
    idDoesNotFit: /line 3 is not valid: the key's id does not fit its content/,
    noTrailer: /ends after 3 records without its trailer/,
    trailerCountsOther: /says 2 records, but the file holds 3/,
    trailerTooEarly: /trailer on line 5/,
    header: /the header/,
    lineThree: /line 3/,
    digest: /digest does not match/,
    twice: (key: string) => new RegExp(`${key} is in the file more than once`),
    afterTheTrailer: /data after the trailer|data after its trailer/,
  },
  'backup-unreadable': {
    wrongPassword: /the password is wrong, or the first lines.*try the password again/,
  },
  'backup-damaged': {
    rightPassword: /the password is right.*damaged or truncated.*copy the file again/,
  },
  'backup-invalid': {
    notAge: /not encrypted with age/,
    itIsAnExport: /an export of keys.*`keystair keys import`/,
    sealedToARecipient: /encrypted to a recipient/,
    noBackup: /not a Keystair backup/,
    newerVersion: /version 2.*restore it with the Keystair that made it \(9\.1\.0\) or a newer one/,
  },
  'file-damaged': {
    headerAltered: /header was altered/,
    headerAlteredOrOther: /header was altered, or does not belong to key/,
    cutOff: /truncated/,
    followsTheEnd: /after the end/,
    somethingFollows: /data after/,
    columns: /64 columns/,
    otherVersion: /version/,
    lineEndings: /line endings/,
    emptyChunk: /empty chunk/,
    firstLine: /first line/,
  },
  'file-not-encrypted': {
    plain: /not encrypted/,
  },
  'export-unreadable': {
    endsWithASpace: /ends with a space, which counts/,
  },
} as const;
