/**
 * What refusals say to people, code by code: the words that tell two refusals of one code apart, or name the next step.
 * Tests assert the code and details; where only the words tell, they take them from here, so that a sentence is changed
 * in `src/` and in this one place.
 */
import { UNAVAILABLE } from './unavailable.ts';

export const REFUSED = {
  interrupted: {
    /** A closed input, and a folder in its place. */
    ofInput: /standard input/,
    noFileLeft: /no file was left/,
    nothingImported: /nothing was imported/,
    importConfirmed: /is confirmed.*nothing is to be done/,
    nothingRestored: /nothing was restored; run the command again/,
    again: /run the command again/,
    drillStopped: /stopped before the backup was verified.*nothing was left/,
    outputNotWhole: /what went to standard output is not whole; run the command again$/,
    outputLeft:
      /^keystair: interrupted: standard output was left by whoever read it [^\n]*; what went to standard output is not whole/,
    outputClosed: /^keystair: interrupted: [^\n]*standard output[^\n]*closed[^\n]*; [^\n]*\n$/m,
    outputEnded: /^keystair: interrupted: [^\n]*standard output[^\n]*; [^\n]*\n$/,
    serverStopped: /start the server/,
    noFileLeftInFull: /keystair: interrupted: [^\n]* no file was left; run the command again/,
    nothingImportedInFull: /keystair: interrupted: [^\n]* nothing was imported; run the command again/,
    nothingEntered: /interrupted: nothing was entered/,
    notConfirmed: /^interrupted: .* before the import was confirmed; nothing was imported/,
    unknownWhetherConfirmed:
      /^interrupted: the command stopped before it was known whether .* is confirmed; run/,
    confirmedAndLost: /^interrupted: the file was whole and the import is confirmed.*nothing is to be done/,
  },
  'server-not-running': {
    holdsNone: /holds none; check the path/,
    stoppedBeforeItAnswered: /^server-not-running: .* stopped before it answered; .* try again$/,
    stoppedUnknownWhether:
      /^server-not-running: the server stopped before it was known whether .* is confirmed;/,
    noServerRuns: /no server runs/,
    startItWithData: /server start --data/,
  },
  'not-found': {
    startItInFull: /^keystair: not-found: [^\n]*keystair server start --data [^\n]*\n$/,
    noDataDirectory: /no data directory .*server start/,
    noConfigurationFile: /no configuration file/,
    folderMissing: /could not write in \S*\/no: it does not exist; /,
    noKeyFits: /"no such key" fits; give the whole id/,
    listDevices: /devices list/,
    itIsThePrimary: /^keystair: not-found: Oslo is the primary [^\n]*keystair hierarchy leave/,
  },
  'ambiguous-name': {
    useTheId: /use the id/,
    twoDevices: /2 devices .*use the id/,
  },
  'file-exists': {
    force: /--force/,
  },
  'already-exists': {
    otherThings: /it holds other.*nothing was changed/,
  },
  'already-joined': {
    leaveGeneva: /Geneva.*hierarchy leave/,
    leave: /^keystair: already-joined: [^\n]*hierarchy leave/,
  },
  'invitation-invalid': {
    westMustLeave: /West, which made this invitation.*West leave/,
  },
  'server-unreachable': {
    checkThatItRuns: /check that the server runs/,
  },
  'not-a-member': {
    forgottenByGeneva: /^Geneva does not know this server as its secondary; /,
  },
  'untrusted-server': {
    joinAgain: /join it with a new invitation/,
  },
  'not-enrolled': {
    enrol: /keystair agent enrol/,
    enrolInFull: /^keystair: not-enrolled: [^\n]*keystair agent enrol[^\n]*\n$/,
  },
  'not-allowed': {
    notTheUser: /^not-allowed: [^\n]*run the command as the user who enrolled/,
  },
  'device-stays': {
    sameInvitation: /enrol again with the same invitation$/,
    sameInvitationInFull: /^keystair: device-stays: [^\n]*same invitation\n$/,
  },
  'not-available-yet': {
    later: /^keystair: not-available-yet: .*not available in this release yet/,
    laterWithAStep: /^keystair: not-available-yet: [^\n;]*not available in this release yet; [^\n]+\n/,
  },
  'root-key-missing': {
    putBack: /root\.key; put back the key file/,
    thereIsNone: /no key file/,
    copyKeptElsewhere: /no key file at .*copy kept elsewhere/,
  },
  'root-key-wrong': {
    otherSeal: /does not open this seal/,
    putBackTheRightOne: /key file does not open.*; put back the key file/,
    notWhole: /not a whole key file/,
  },
  'root-key-exposed': {
    ofAnotherUser: /belongs to another user.*chown \d+ \/etc\/passwd/,
  },
  'server-sealed': {
    unseal: /keystair server unseal/,
    unsealInFull: /^keystair: server-sealed: .*keystair server unseal/m,
  },
  'pin-wrong': {
    refused: /refuses this PIN/,
  },
  'token-unavailable': {
    otherToken: /there is no token "other"; there is: "keystair test"/,
    otherKey: /has no key called "other"/,
    noModule: /cannot be loaded; give the path/,
  },
  'share-invalid': {
    otherSet: /share 2 is of set/,
    otherSetInFull: /share 2 is of set 0BADF00D, and this server's is set C0FFEE01/,
    sameAgain: /share 2 is the same as share 1/,
    mistyped: /share 2 is mistyped in group 7/,
  },
  'shares-missing': {
    twoOfThree: /2 shares were given, and 3 are needed/,
  },
  'record-unreadable': {
    alteredOrMoved: /altered or moved/,
    cutShort: /cut short/,
    unknownForm: /form 2, which this program does not know/,
  },
  'data-in-use': {
    seeStatus: /^keystair: data-in-use: [^\n]*keystair server status[^\n]*\n$/,
    talkToIt: /; talk to the server of \S+, or /,
    status: /; talk to the server of /,
    lockedByAnother: /another program holds a lock .*fuser/,
  },
  'data-not-writable': {
    socketPlaceTaken: /keystair\.sock, .*take away what lies there/,
    itIsAFile: /it is a file/,
    giveItToTheUser: /; give it and its files to the user/,
    nameTheDirectory: /is a file; name the directory /,
  },
  'data-damaged': {
    dataKeyOneClosed: /data key 1 does not open/,
    dataKeyTwoMissing: /data key 2 is missing/,
    dataKeyOneMissing: /data key 1 is missing/,
    noDatabaseOfOurs: /is not a database of Keystair/,
    noDatabaseOfOursWithAStep: /is not a database of Keystair; /,
    asksTooMuch: /asks for more than this program ever does/,
    onlineVerification: /^keystair: data-damaged: the verification found 1 problem; [^\n]+\n$/,
    verifyAndRestore: /verify the server of \S+ to see what is affected, and restore/,
    seeWhatIsAffected: /; verify the server of \S+ to see what is affected, and restore/,
    tableMissing: /no such table: cursors.*; restore/,
    logDamaged: /what was committed behind its byte \d+ cannot be read/,
    brokenOffRestore: /a restore into .* broke off.*`keystair server restore`/,
  },
  'data-newer': {
    newerWroteIt: /run the newer Keystair that wrote it; nothing was changed/,
    otherFormat: /data format 9, this one knows \d+\); run the newer/,
  },
  'data-exposed': {
    ofNobody: /belongs to another user \(65534\)/,
  },
  'disk-full': {
    ofOutput: /standard output/,
    freeSome: /is full[^]*free at least \d+ KiB/,
    keysStillGivenOut: /is full .*free at least \d+ KiB there; keys are still given out/,
    makeRoom: /is full .*; (free at least|make room there).* and run the command again$/,
    givenOut: /given out/,
    noServerMade: /^no server was made: /,
    noExport: /could not write \S*out\.age: no space is left; no file was left; make room there/,
    noBackup: /could not write \S*large\.backup: no space is left; no file was left; make room there/,
    noRestore:
      /no room to restore the backup into .*restored; nothing was left there; make room, or name another/,
    scratch: /--scratch DIR/,
    importWaits:
      /is full.*the import is confirmed, and waits; .*carries it to its end by itself once there is room$/,
    output: /^keystair: disk-full: standard output/,
  },
  'password-weak': {
    short: /password-weak: [^\n]*fewer than 12 characters[^\n]*--generate-password/,
    easy: /password-weak: [^\n]*easy to guess/,
    moreWords: /choose four or more words/,
    generate: /--generate-password/,
  },
  'password-mismatch': {
    notTheSame: /password-mismatch: the two passwords are not the same/,
  },
  'invalid-argument': {
    severalLines: /has more than one line/,
    moreThanOneLine: /more than one line/,
    zeroBytes: /holds zero bytes, as UTF-16 does/,
    controlCharacter: /holds a control character \(U\+0009\)/,
    notUtf8: /is not text in UTF-8/,
    notText: /not text/,
    passwordFile: /--password-file FILE/,
    passwordNeeded: /a password is needed.*--password-file FILE/,
    passwordNeededNoTerminal:
      /a password is needed and there is no terminal to ask on; give it with --password-file/,
    outputIsATerminal: /standard output, and that is a terminal; name a file/,
    inputIsATerminal: /standard input, and that is a terminal; name the file/,
    outputTaken: /with --json standard output cannot be FILE/,
    notARegularFile:
      /^keystair: invalid-argument: [^\n]* is not a regular file; [^\n]* - for standard output/,
    copyTheRecipient: /copy the recipient again/,
    unseenCharacter: /^keystair: invalid-argument: --[a-z]+ holds the character U\+/,
    notADirectory: /is not a directory/,
    unknownName: /the unknown name nam; names it may have: name, listen/,
    wrongValueForName: /a wrong value for name/,
    notJson: /is not JSON/,
    tooManyCharacters: /^invalid-argument: .* has more than 65536 characters$/,
    tooDeep: /^invalid-argument: .* within one another$/,
    unknownNome: /unknown name nome$/,
    wrongValueForListen: /wrong value for listen: /,
    sayAddress: /--address HOST:PORT/,
  },
  'export-invalid': {
    itIsABackup: /backup of a server.*`keystair server restore`/,
    trailerSays: /^keystair: export-invalid: the trailer says/,
    otherVersion: /version 7.*upgrade this server/,
    lineTooLong: /line 3 is over the limit of 65536 bytes/,
    idDoesNotFit: /line 3 is not valid: the key's id does not fit its content/,
    noTrailer: /ends after 3 records without its trailer/,
    trailerCountsOther: /says 2 records, the file holds 3/,
    trailerTooEarly: /trailer on line 5/,
    afterTheTrailer: /something follows the trailer/,
  },
  'backup-unreadable': {
    wrongPassword: /the password is wrong, or the first lines.*try the password again/,
  },
  'backup-damaged': {
    rightPassword: /the password is right.*damaged or cut off.*copy the file again/,
  },
  'backup-invalid': {
    notAge: /not encrypted with age/,
    itIsAnExport: /an export of keys.*`keystair keys import`/,
    sealedToARecipient: /sealed to a recipient/,
    noBackup: /no Keystair backup/,
    newerVersion: /version 2.*restore it with the Keystair that made it \(9\.1\.0\) or a newer one/,
  },
  'file-damaged': {
    headerAltered: /header was altered/,
    headerAlteredOrOther: /header was altered, or is not of key/,
    cutOff: /cut off/,
    followsTheEnd: /follows the end/,
    somethingFollows: /something follows/,
    emptyChunk: /empty chunk/,
    firstLine: /first line/,
  },
  'file-not-encrypted': {
    plain: /not encrypted/,
  },
  'drive-holds-data': {
    erase: /--erase/,
    eraseInFull: /^keystair: drive-holds-data: [^\n]*--erase/,
    ext4: /ext4.*--erase/,
    allRead: /all of it was read/,
  },
  'drive-altered': {
    otherChecksum: /checksum other than SHA-256/,
    doNotWrite: /do not write to it/,
    namesAnotherKey: /no longer names this key/,
  },
  'drive-not-luks': {
    bothCopiesDamaged: /both copies.*backup/,
    convert: /version 1.*cryptsetup convert/,
    beginningEmpty: /beginning is empty.*overwritten.*luksHeaderRestore/s,
    nothingOnIt: /there is nothing on it \(all of it was read\)/,
  },
  'tool-missing': {
    cryptsetup: /install cryptsetup/,
  },
  'tool-failed': {
    noSpace: /no space/,
    readOrWriteError: /read or write error/,
    unfinishedVolume: /unfinished volume is left/,
    doesNotReadBack: /does not read back/,
  },
  'clock-problem': {
    compareClocks: /compare the clocks of both machines/,
    clockHere: /the clock here says .*; compare the clocks of both/,
  },
  internal: {
    debug: /--debug/,
  },
  'key-unavailable': UNAVAILABLE,
  later: {
    tryLater: /unsealed wrongly 5 times; try again in [1-9][0-9]* s/,
  },
  'disk-low': {
    tooLittleForTheImport:
      /too little disk space.*nothing was imported; free some space and run the command again/,
  },
  'export-unreadable': {
    endsWithASpace: /ends with a space, which counts/,
  },
} as const;
