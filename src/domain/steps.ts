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
  'start-server-again': 'look at its log, start the server of {directory} and try again',
  'create-server': 'check the path, or create a server in {directory}',
  'end-server': 'talk to the server of {directory}, or end it first',
  'find-holder': 'talk to the server of {directory}, or find out which process holds {path}',
  'look-at-status': 'look at the status of this server',
  'compare-versions': 'check what was asked for, and compare the versions of both sides',
  unseal: 'open it with one of its seals',
  'start-and-unseal': 'start the server, and open it with one of its seals',
  'unseal-and-verify': 'start the server, open it with one of its seals, and verify it while it runs',
  'correct-pin-file': 'correct pkcs11.pinFile in the configuration, or open the server by entering the PIN',
  'write-pin-file': 'write the PIN into it, or open the server by entering the PIN',
  'look-for-seals': 'look which seals it has',
  'look-at-seals': 'see which seals it has',
  'add-seal-first': 'add another seal, and remove this one then',
  'remove-seal': 'remove a seal that is not needed',
  'put-back-key-file': 'put it back, or take the seal {seal} away',

  // between servers
  'join-hierarchy': 'join one with an invitation',
  'part-from-primary': 'to part from it, make this server leave its primary',
  'leave-first': 'leave that primary first; keys that arrived stay',
  'verify-primary': 'look at the log of the primary, and verify it',
  'verify-both': 'verify both servers',
  'ask-for-secondary': 'ask the primary for an invitation of a secondary',
  'ask-for-device': 'ask for an invitation of a device',
  'use-for-secondary': 'use it to join a hierarchy, or ask for one for a device',
  'use-for-device': 'use it to enrol a device, or ask for one for a secondary',
  'prevent-ring':
    'make {server} leave its primary first, or a server between the two; the hierarchy shows them',
  'prevent-ring-above':
    'make {server} leave its primary first, or a server between the two; if one has left, send a heartbeat from {server}',
  'break-ring': 'make {server} leave its primary, or the one that should have no primary',
  'break-any-link': 'make the one leave its primary that should have none',
  'find-loop': 'check the hierarchy for a loop',
  'leave-loop': 'make {server} leave its primary',
  'look-at-links': 'try again; if it happens again, look at the links of the hierarchy',
  'join-anew': 'look at the status of {server}; it may have to join again with a new invitation',
  'look-at-servers': 'look which servers the hierarchy has',
  'use-id-of-server': 'use the id, as the hierarchy shows it',
  'allow-recovery': 'have an administrator there allow it to {server}, and try again',
  'end-recovery': 'once it has, end that permission of {server}',
  'secondary-heartbeat':
    'it sends its keys again with its next heartbeat; at once with one that is sent from {server}',

  // keys by manual transfer and over the hierarchy
  'carry-keys-here': 'carry them here in a file: export them from a server that has them',
  'carry-keys': 'carry the keys in a file: export them there, and import them here',
  'use-hierarchy-there':
    'switch it on there, or carry the keys in a file: export them there, and import them here',
  'upgrade-primary': 'upgrade it, or carry the keys in a file: export them there, and import them here',
  'bring-key': 'bring the key by hand: export it from a server that has it, and import it here',
  'use-hierarchy-at-maker':
    'make sure the server of the device that made it uses the hierarchy, or bring the key by hand: export it from a server that has it, and import it here',
  'use-hierarchy':
    'switch the option on at {server}, or bring the key by hand: export it from a server that has it, and import it here',
  'check-network':
    "check the network and the primary's service from {server}, or bring the key by hand: export it from a server that has it, and import it here",
  'explain-key': 'ask why the key {key} cannot be had here',
  'find-key': 'give the whole id; the list of keys shows it on a server that has the key',
  'use-id-of-key': 'use the id, as the list of keys shows it for {text}',
  'look-at-key': 'see why at the key {key}',
  'reveal-key': 'an administrator can reveal it',
  'export-from-backup': 'nothing was imported; restore it into an empty directory, and export the keys there',
  'import-export': 'nothing was restored; import its keys into a running server',
  'decrypt-file': 'nothing was imported; open it on an enrolled device, and name the export here',

  // damage
  'look-at-altered': 'a verification names them',
  'verify-key': 'verify this server; the key can be had again from its primary, a secondary or an export',
  'verify-and-restore': 'verify this server, then restore the newest backup',
  'upgrade-or-verify':
    'upgrade if a newer program wrote it; else verify this server and restore the newest backup',
  'make-file-again':
    'no file was left; start the server if it stopped, else see its log, or verify whether a key is damaged, and try again',
  'verify-and-import': 'verify this server, and import the file again',
  'verify-directory': 'verify the server of {directory} to see what is affected, and restore from a backup',
  'verify-and-export':
    'verify this server to see what is affected, export the keys, and restore the newest backup',
  'recover-from-primary': 'have them again from the primary, from an export, or restore the newest backup',
  'count-receipts': 'a repair counts anew, and the device gives back what is lacking',
  'restore-backup': 'restore the server from a backup',
  'check-directory': 'check the data directory, or restore it from a backup',
  'restore-again': 'restore into it again, which clears away what was left',

  // devices
  'look-at-devices': 'look which devices there are',
  'use-id-of-device': 'use the id, as the list of devices shows it',
  'enrol-device': 'enrol this device with an invitation',
  'enrol-again': 'look at which server this device is, and enrol again if it is not where it belongs',
  'check-origin': 'check at its agent which server the device belongs to; it was not stored',
  'device-heartbeat':
    'it gives its receipts back with its next heartbeat; at once with one that its agent sends on {device}',
  'find-drive-key':
    'a server finds its key by {uuid}, if it was made by Keystair and its token was removed; otherwise open it with its own passphrase',
  'check-file': 'check that this is the file that an agent encrypted',
  'open-elsewhere':
    'an export is imported at a server, a backup restored into an empty directory; any other file opens with `age --decrypt`',
  'open-elsewhere-sealed':
    'an export for one server is imported there; any other file opens with `age --decrypt` and the identity it was made for',
} as const;

export type StepName = keyof typeof STEPS;
