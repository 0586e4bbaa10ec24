/**
 * What refusals say to people, code by code: the words that tell two refusals of one code apart, or name the next step.
 * Tests assert the code and details; where only the words tell, they take them from here, so that a sentence is changed
 * in `src/` and in this one place.
 */
import { REFUSED_FILES } from './refused-files.ts';
import { UNAVAILABLE } from './unavailable.ts';

export const REFUSED = {
  ...REFUSED_FILES,
  interrupted: {
    /** A closed input, and a folder in its place. */
    ofInput: /standard input/,
    noFileLeft: /no file was left/,
    nothingImported: /nothing was imported/,
    importConfirmed: /is confirmed.*nothing (?:needs to be done|to do)/,
    nothingRestored: /nothing was restored; run the command again/,
    again: /run the command again/,
    drillStopped: /stopped before the whole backup was verified.*nothing was left/,
    outputNotWhole: /standard output is incomplete; run the command again$/,
    outputLeft:
      /^keystair: interrupted: standard output was closed by its reader [^\n]*; standard output is incomplete/,
    outputClosed: /^keystair: interrupted: [^\n]*standard output[^\n]*closed[^\n]*; [^\n]*\n$/m,
    outputEnded: /^keystair: interrupted: [^\n]*standard output[^\n]*; [^\n]*\n$/,
    serverStopped: /start the server/,
    noFileLeftInFull: /keystair: interrupted: [^\n]* no file was left; run the command again/,
    nothingImportedInFull: /keystair: interrupted: [^\n]* nothing was imported; run the command again/,
    nothingEntered: /interrupted: nothing was entered/,
    notConfirmed: /^interrupted: .* before the import was confirmed; nothing was imported/,
    unknownWhetherConfirmed:
      /^interrupted: the command stopped before it was known whether .* is confirmed; run/,
    confirmedAndLost:
      /^interrupted: the file was whole and the import is confirmed.*nothing (?:needs to be done|to do)/,
  },
  'server-not-running': {
    holdsNone: /holds none; check the path/,
    stoppedBeforeItAnswered: /^server-not-running: .* stopped before it answered; .* try again$/,
    stoppedUnknownWhether:
      /^server-not-running: the server stopped before it was known whether .* is confirmed;/,
    noServerRuns: /no server runs/,
    startIt: /keystair server start/,
    startItWithData: /server start --data/,
  },
  'not-found': {
    createIt: (directory: string) => new RegExp(`keystair server start --data ${directory}`),
    startItInFull: /^keystair: not-found: [^\n]*keystair server start --data [^\n]*\n$/,
    noDataDirectory: /no data directory .*server start/,
    noConfigurationFile: /no configuration file/,
    folderMissing: /could not write in \S*\/no: it does not exist; /,
    noKeyFits: /matches "no such key"; give the whole id/,
    listDevices: /devices list/,
    itIsThePrimary: /^keystair: not-found: Oslo is the primary [^\n]*keystair hierarchy leave/,
  },
  'answer-invalid': {
    unknownRequest: /this device did not make the request/,
    used: /used already/,
    otherData: /for another file or drive/,
    damaged: /damaged or altered/,
    notAnAnswer: /no answer to a request/,
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
    westMustLeave: /West, which made this invitation.*hierarchy leave` at West/,
  },
  'server-unreachable': {
    checkThatItRuns: /check that the server runs/,
    notTold: /the server was not told/,
  },
  'not-a-member': {
    forgottenByGeneva: /^Geneva does not know this server as its secondary; /,
  },
  'untrusted-server': {
    joinAgain: /join it with a new invitation/,
    nothingSent: /; nothing was sent; /,
  },
  'not-signed-in': {
    ended: (url: string) => new RegExp(`has ended; .*keystair login --url ${url}`),
    nobody: (url: string) => new RegExp(`^nobody is signed in at ${url}.*keystair login --url ${url}`),
  },
  'sign-in-stale': {
    logIn: (url: string) => new RegExp(`keystair login --url ${url}`),
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
    threeForTwoReasons: /lacks 3 of its keys: 2 because the option .* 1 because Above has this key/,
    bothSteps: /--use-hierarchy on` at Above.*; the header of the file or drive was altered/,
    nobodyHasIt: /because no server up to the root has this key/,
    sameInvitationInFull: /^keystair: device-stays: [^\n]*same invitation\n$/,
  },
  'root-key-missing': {
    putBack: /root\.key; restore the key file/,
    thereIsNone: /no key file/,
    copyKeptElsewhere: /no key file at .*copy kept elsewhere/,
  },
  'root-key-wrong': {
    otherSeal: /does not open this seal/,
    putBackTheRightOne: /key file does not open.*; restore the key file/,
    notWhole: /not a complete key file/,
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
    otherToken: /there is no token "other"; present: "keystair test"/,
    otherKey: /has no key with the label "other"/,
    noModule: /cannot be loaded; give the path/,
  },
  'share-invalid': {
    otherSet: /share 2 belongs to set/,
    otherSetInFull: /share 2 belongs to set 0BADF00D, but this server uses set C0FFEE01/,
    sameAgain: /share 2 is the same as share 1/,
    mistyped: /share 2 is mistyped in group 7/,
  },
  'shares-missing': {
    needed: (threshold: number) => new RegExp(`${threshold} are needed`),
    twoOfThree: /2 shares were given, but 3 are needed/,
  },
  'record-unreadable': {
    alteredOrMoved: /altered or moved/,
    cutShort: /truncated/,
    unknownForm: /form 2, which this release does not know/,
  },
  'data-in-use': {
    seeStatus: /^keystair: data-in-use: [^\n]*keystair server status[^\n]*\n$/,
    talkToIt: /; use the server of \S+, or /,
    status: /; use the server of /,
    lockedByAnother: /another program holds a lock .*fuser/,
  },
  'data-not-writable': {
    socketPlaceTaken: /keystair\.sock, .*remove what is there/,
    itIsAFile: /it is a file/,
    readOnly: /read-only/,
    giveItToTheUser: /; make the user that runs the server its owner/,
    nameTheDirectory: /is a file; name a directory/,
  },
  'data-damaged': {
    dataKeyOneClosed: /data key 1 does not open/,
    dataKeyTwoMissing: /data key 2 is missing/,
    dataKeyOneMissing: /data key 1 is missing/,
    noDatabaseOfOurs: /is not a Keystair database/,
    noDatabaseOfOursWithAStep: /is not a Keystair database; /,
    asksTooMuch: /parameters above the limits of this program/,
    onlineVerification: /^keystair: data-damaged: the verification found 1 problem; [^\n]+\n$/,
    restore: /restore (it )?from a backup/,
    verifyAndRestore: /verify the server of \S+ to see what is affected, and restore/,
    seeWhatIsAffected: /; verify the server of \S+ to see what is affected, and restore/,
    tableMissing: /no such table: cursors.*; restore/,
    logDamaged: /the commits after its byte \d+ cannot be read/,
    brokenOffRestore: /a restore into .* was interrupted.*`keystair server restore`/,
  },
  'data-newer': {
    newerWroteIt: /nothing was changed; run the newer release that wrote it/,
    otherFormat: /data format 9; this one supports \d+\); nothing was changed; run the newer/,
  },
  'data-exposed': {
    ofNobody: /belongs to another user \(65534\)/,
    closeIt: (directory: string) => new RegExp(`run: chmod 700 ${directory};`),
    takeIt: (directory: string) => new RegExp(`chown 0 ${directory} && chmod 700 ${directory}`),
    link: (path: string) => new RegExp(`${path} is a symbolic link`),
  },
  'disk-full': {
    ofOutput: /standard output/,
    freeSome: /is full[^]*free at least \d+ KiB/,
    keysStillGivenOutWhile: (left: boolean) =>
      left
        ? /free at least \d+ KiB there; the server still provides keys, and accepts/
        : /free at least \d+ KiB there; the server still provides keys as long as the audit log has space .*, and accepts/,
    keysStillGivenOut: /is full .*free at least \d+ KiB there; the server still provides keys/,
    makeRoom: /is full .*; free .* and run the command again$/,
    givenOut: /still provides keys/,
    noServerMade: /^no server was created: /,
    noExport: /could not write \S*out\.age: no space is left; no file was left; free some space there/,
    noBackup: /could not write \S*large\.backup: no space is left; no file was left; free some space there/,
    noRestore:
      /no room to restore the backup into .*restored; nothing was left there; free some space or name another/,
    scratch: /--scratch DIR/,
    importWaits:
      /is full.*the import is confirmed and waits; .*completes it automatically once there is space$/,
    output: /^keystair: disk-full: standard output/,
  },
  'password-weak': {
    short: /password-weak: [^\n]*fewer than 12 characters[^\n]*--generate-password/,
    easy: /password-weak: [^\n]*easy to guess/,
    moreWords: /choose four or more unrelated words/,
    generate: /--generate-password/,
  },
  'password-exposed': {
    closeIt: (path: string) => new RegExp(`run: chmod 600 ${path}$`),
  },
  'password-mismatch': {
    notTheSame: /password-mismatch: the two passwords are not the same/,
  },
  'invalid-argument': {
    severalLines: /has more than one line/,
    moreThanOneLine: /more than one line/,
    zeroBytes: /contains zero bytes, as UTF-16 does/,
    controlCharacter: /contains a control character \(U\+0009\)/,
    notUtf8: /is not text in UTF-8/,
    neitherVariable: /--data DIR is missing, neither KEYSTAIR_DATA nor KEYSTAIR_URL is set/,
    oneVariable: /--state DIR is missing, KEYSTAIR_STATE is not set/,
    isADirectory: /a directory/,
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
    copyTheRecipient: /copy the whole recipient again/,
    unseenCharacter: /^keystair: invalid-argument: --[a-z]+ contains the character U\+/,
    aDirectory: /is a directory$/,
    notADirectory: /is not a directory/,
    unknownName: /the unknown name nam; the known names are name, listen/,
    wrongValueForName: /a wrong value for name/,
    notJson: /is not JSON/,
    tooManyCharacters: /^invalid-argument: .* has more than 65536 characters$/,
    tooDeep: /^invalid-argument: .* within one another$/,
    unknownNome: /unknown name nome$/,
    wrongValueForListen: /wrong value for listen: /,
    sayAddress: /--address HOST:PORT/,
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
    convert: /LUKS1.*--convert/,
    beginningEmpty: /beginning is empty.*overwritten.*luksHeaderRestore/s,
    nothingOnIt: /it is empty \(all of it was read\)/,
  },
  'tool-missing': {
    cryptsetup: /install cryptsetup/,
  },
  'tool-failed': {
    noSpace: /no space/,
    readOrWriteError: /read or write error/,
    unfinishedVolume: /holds an unfinished volume/,
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
    somebodyElse: /somebody else is unsealing/,
    tryLater: /5 attempts to unseal the server failed; try again in [1-9][0-9]* s/,
  },
  'disk-low': {
    tooLittleForTheImport:
      /too little disk space.*nothing was imported; free some space and run the command again/,
  },
} as const;
