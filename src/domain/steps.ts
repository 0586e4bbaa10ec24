/**
 * What people are told to do next, one row a step, in plain words that any surface can show. A surface that can do the
 * step, or has its own words for it, uses those: the command line has a command for each (`cli/next-steps.ts`), a
 * console a button.
 *
 * Invariant: no row names a command, and each names all its details, in braces.
 */
export const STEPS = {
  // a server on its machine
  'start-server': 'start the server of {directory}',
  'start-server-again': 'check its log, start the server of {directory} and try again',
  'create-server': 'check the path, or create a server in {directory}',
  'end-server': 'use the server of {directory}, or stop it first',
  'find-holder': 'use the server of {directory}, or find out which process holds {path}',
  'look-at-status': 'check the status of this server',
  'compare-versions': 'check what was asked for, and compare the versions of both sides',
  unseal: 'open it with one of its seals',
  'start-and-unseal': 'start the server, and open it with one of its seals',
  'unseal-and-verify': 'start the server, open it with one of its seals, and verify it while it runs',
  'correct-pin-file': 'correct pkcs11.pinFile in the configuration, or open the server by entering the PIN',
  'look-for-seals': 'list the seals of this server',
  'look-at-seals': 'list its seals',
  'add-seal-first': 'add another seal, then remove this one',
  'remove-seal': 'remove a seal that is not needed',
  'put-back-key-file': 'restore it, or remove the seal {seal}',

  // people
  'ask-for-right': 'ask an administrator who can grant rights on this server',
  'ask-givers': 'ask {people}, who can grant it',
  'sign-in': 'sign in',
  'sign-in-again': 'sign in again, then do it once more',
  'compare-fingerprint':
    'compare it with the fingerprint that the server shows on its own machine; if they are the same, sign in at {url} with it; if not, tell an administrator, since somebody may be in between',
  'sign-in-anew': 'start the sign-in again with name and password',
  'ask-for-set-up': 'ask somebody who manages people on this server for a new one',
  'add-manager': 'give another person the right Write on "People", and try again once they can sign in',
  'look-at-people': 'list the people',
  'look-at-roles': 'list the roles',
  'look-at-groups': 'list the groups',
  'look-at-policy-schema': 'compare with what a policy may say, and look at what would change first',
  'empty-group': 'move what is in it to another group first, or let it move to the group above',
  'change-limits': 'limit those roles to other groups first',
  'open-console-first': 'start the server with a console, where people sign in',
  'wait-for-approval': 'when it is approved, do it again with the approval {approval}',
  'use-approval': 'it is approved: do it again with the approval {approval}',
  'look-at-approvals': 'list the requests',
  'look-at-approval': 'look at the request {approval}; to request it again, do the act without an approval',
  'withdraw-requests': 'withdraw what is no longer wanted, or wait until it is answered',
  'find-approvers': 'give more people the right to answer requests, or ask for fewer approvers',
  'approve-in-emergency': 'have somebody else approve it, or approve the request {approval} as an emergency',
  'acknowledge-emergency': 'when you know why it was done, acknowledge the request {approval}',

  // between servers
  'join-hierarchy': 'join one with an invitation',
  'part-from-primary': 'to leave it, make this server leave its primary',
  'leave-first': 'leave that primary first; the keys here stay',
  'verify-primary': 'check the log of the primary, and verify that server',
  'verify-both': 'verify both servers',
  'ask-for-secondary': 'ask the primary for an invitation for a secondary',
  'ask-for-device': 'ask for an invitation for a device',
  'use-for-secondary': 'use it to join a hierarchy, or ask for one for a device',
  'use-for-device': 'use it to enrol a device, or ask for one for a secondary',
  'prevent-ring':
    'first make {server}, or a server between the two, leave its primary; the hierarchy shows them',
  'prevent-ring-above':
    'first make {server}, or a server between the two, leave its primary; if one has left already, send a heartbeat from {server}',
  'break-ring': 'make {server}, or the server that should have no primary, leave its primary',
  'break-any-link': 'make the server that should have no primary leave it',
  'find-loop': 'check the hierarchy for a loop',
  'leave-loop': 'make {server} leave its primary',
  'look-at-links': 'try again; if it happens again, check the links of the hierarchy',
  'join-anew': 'check the status of {server}; it may have to join again with a new invitation',
  'look-at-servers': 'list the servers of the hierarchy',
  'use-id-of-server': 'use the id, as the hierarchy shows it',
  'allow-recovery': 'ask an administrator there to allow it for {server}, and try again',
  'acknowledge-gap': 'find out why, with an administrator of {server}, and acknowledge the gap',
  'end-recovery': 'when it has them, end the recovery of {server}',
  'secondary-heartbeat':
    'it sends its keys again with its next heartbeat; to do it now, send one from {server}',

  // keys by manual transfer and over the hierarchy
  'carry-keys-here': 'carry them here in a file: export them from a server that has them',
  'carry-keys': 'carry the keys in a file: export them there, and import them here',
  'use-hierarchy-there':
    'switch it on there, or carry the keys in a file: export them there, and import them here',
  'upgrade-primary': 'upgrade it, or carry the keys in a file: export them there, and import them here',
  'bring-key': 'carry the key in a file: export it from a server that has it, and import it here',
  'use-hierarchy-at-maker':
    'check that the server of the device that made it uses the hierarchy, or carry the key in a file: export it from a server that has it, and import it here',
  'use-hierarchy':
    'switch the option on at {server}, or carry the key in a file: export it from a server that has it, and import it here',
  'check-network':
    'check that {server} can reach its primary and that the primary runs, or carry the key in a file: export it from a server that has it, and import it here',
  'explain-key': 'ask why the key {key} is not available here',
  'find-key': 'give the whole id; the list of keys shows it on a server that has the key',
  'use-id-of-key': 'use the id, as the list of keys shows it for {text}',
  'look-at-key': 'see the reason at the key {key}',
  'reveal-key': 'an administrator can reveal it',
  'export-from-backup':
    'nothing was imported; restore it into an empty directory, and export the keys from that server',
  'import-export': 'nothing was restored; import its keys into a running server',
  'decrypt-file': 'nothing was imported; decrypt it on an enrolled device, and name an export here',

  // damage
  'look-at-altered': 'a verification names them',
  'verify-key': 'verify this server; the key can be recovered from its primary, a secondary or an export',
  'verify-and-restore': 'verify this server, then restore the newest backup',
  'upgrade-or-verify':
    'upgrade if a newer release wrote it; otherwise verify this server and restore the newest backup',
  'make-file-again':
    'no file was left; start the server if it stopped, otherwise check its log and verify it to look for damaged keys; then try again',
  'verify-and-import': 'verify this server, and import the file again',
  'verify-directory': 'verify the server of {directory} to see what is affected, and restore from a backup',
  'verify-and-export':
    'verify this server to see what is affected, export the keys, and restore the newest backup',
  'recover-from-primary': 'recover them from the primary, import an export, or restore the newest backup',
  'make-tree-again': 'a repair rebuilds it from the lines',
  'count-receipts': 'a repair recounts them, and the device returns what is missing',
  'restore-backup': 'restore the server from a backup',
  'check-directory': 'check the data directory, or restore it from a backup',
  'migrate-first': 'move the repository of {directory} into the database first, or give an empty directory',
  'start-on-database': 'start the server with that database, {place}; this directory keeps its key file',
  'after-loss':
    'devices and secondaries send again what they have; look for the rest on the primary, in exports and backups, and let a standby confirm each commit (synchronous_standby_names)',
  'accept-rollback':
    'bring back the database that has everything; if it is lost for good, accept the rollback as the administrator of the machine: what was lost is then asked for again',
  'restore-into-database':
    'find the database that holds the repository, or restore the newest backup into this one; a new server needs a data directory of its own',
  'restore-again': 'restore into it again, which removes what was left',

  // devices
  'look-at-devices': 'list the devices',
  'use-id-of-device': 'use the id, as the list of devices shows it',
  'enrol-device': 'enrol this device with an invitation',
  'enrol-again':
    'check which server this device is enrolled with, and enrol it again if that is the wrong one',
  'check-origin': 'nothing was stored; check at its agent which server the device is enrolled with',
  'device-heartbeat': 'it returns its receipts with its next heartbeat; to do it now, send one from {device}',
  'find-drive-key':
    'if Keystair made it and its token was removed, a server finds its key by {uuid}; otherwise open it with its own passphrase',
  'adopt-again':
    'take {path} into custody again at the device with another passphrase of it, before nobody knows one',
  'adopt-by-policy': 'take {path} into custody at the device, with a passphrase that opens it now',
  'convert-by-policy':
    'make {path} a LUKS2 volume and take it into custody at the device, with a passphrase that opens it now; its data and passphrases stay',
  'encrypt-by-policy':
    'copy what is on {path} elsewhere, and make it an encrypted drive at the device; nothing is done to it by itself',
  'encrypt-anew-by-policy':
    'copy what is on {path} elsewhere, and make it an encrypted drive anew at the device, or let an administrator allow its cipher in the policy; nothing is done to it by itself',
  'encrypt-plugged':
    'to write to it, make {path} an encrypted drive at the device, which erases what is on it',
  'adopt-plugged':
    'to write to it, take {path} into custody at the device, with a passphrase that opens it now; nothing on it is lost',
  'check-file': 'check that this is a file that an agent encrypted',
  'open-elsewhere':
    'import an export at a server; restore a backup into an empty directory; open any other file with `age --decrypt`',
  'open-elsewhere-sealed':
    'import an export for one server there; open any other file with `age --decrypt` and the identity it was made for',
} as const;

export type StepName = keyof typeof STEPS;
