/**
 * The commands for next steps. This is the one place that puts a step into the words of the command line; each step has
 * its row. A detail within back-quotes is written as a shell takes it.
 */
import { shellWord } from '#disk/shell-word.ts';
import type { KeystairError } from '#domain/errors.ts';
import { fillStep, type NextStep, type Notice, type ToldStep } from '#domain/step.ts';
import type { StepName } from '#domain/steps.ts';

const BY_FILE =
  'carry the keys in a file: `keystair keys export` there, and `keystair keys import` on this server';
const BY_HAND =
  'bring the key by hand: `keystair keys export` on a server that has it, `keystair keys import` here';

export const NEXT_STEPS: Readonly<Record<StepName, string>> = {
  'start-server': 'start it with `keystair server start --data {directory}`',
  'start-server-again':
    'look at its log, start it with `keystair server start --data {directory}` and try again',
  'create-server': 'check the path, or create one there with `keystair server start --data {directory}`',
  'end-server': 'talk to it with `keystair server status --data {directory}`, or end it first',
  'find-holder':
    'talk to it with `keystair server status --data {directory}`, or find it with `fuser {path}`',
  'look-at-status': 'see `keystair server status`',
  'compare-versions': 'see `keystair --help`, and compare the versions of the command line and the server',
  unseal: 'open it with `keystair server unseal`',
  'start-and-unseal': 'start the server, and open it with `keystair server unseal`',
  'unseal-and-verify': 'start the server, open it with `keystair server unseal`, and verify it while it runs',
  'correct-pin-file':
    'correct pkcs11.pinFile in the configuration, or enter the PIN with `keystair server unseal`',
  'write-pin-file': 'write the PIN into it, or enter it with `keystair server unseal`',
  'look-for-seals': '`keystair server status` shows the seals it has',
  'look-at-seals': 'see which it has with `keystair server seals`',
  'add-seal-first': 'add another with `keystair server add-seal`, and remove this one then',
  'remove-seal': 'remove one that is not needed with `keystair server remove-seal`',
  'put-back-key-file': 'put it back, or take the seal away with `keystair server remove-seal {seal}`',

  'join-hierarchy': 'join one with `keystair hierarchy join`',
  'part-from-primary': 'to part from it, run `keystair hierarchy leave`',
  'leave-first': 'run `keystair hierarchy leave` first; keys that arrived stay',
  'verify-primary': 'look at the log of the primary, and run `keystair server verify` there',
  'verify-both': 'run `keystair server verify` on both',
  'ask-for-secondary': 'ask the primary for one made with `keystair hierarchy invite`',
  'ask-for-device': 'ask for one made with `keystair devices invite`',
  'use-for-secondary': 'use it with `keystair hierarchy join`, or ask for one for a device',
  'use-for-device': 'use it with `keystair agent enrol`, or ask for one for a secondary',
  'prevent-ring':
    'make {server} leave its primary first, or a server between the two: `keystair hierarchy leave` there; `keystair hierarchy show` shows them',
  'prevent-ring-above':
    'make {server} leave its primary first, or a server between the two: `keystair hierarchy leave` there; if one has left, run `keystair hierarchy heartbeat` at {server}',
  'break-ring': 'run `keystair hierarchy leave` at {server}, or at the one that should have no primary',
  'break-any-link': 'run `keystair hierarchy leave` at the one that should have no primary',
  'find-loop': 'check the hierarchy for a loop with `keystair hierarchy show`',
  'leave-loop': 'make {server} leave its primary: `keystair hierarchy leave`',
  'look-at-links': 'try again; if it happens again, look at the links with `keystair hierarchy show`',
  'join-anew':
    'look at `keystair server status` at {server}; it may have to join again with a new invitation',
  'look-at-servers': 'look at `keystair hierarchy show`',
  'use-id-of-server': 'use the id, as `keystair hierarchy show` shows it',
  'allow-recovery': 'have `keystair hierarchy allow-recovery {server}` run there, and run this command again',
  'end-recovery': 'once it has, end that with `keystair hierarchy allow-recovery {server} --off`',
  'secondary-heartbeat':
    'it sends its keys again with its next heartbeat; at once with `keystair hierarchy heartbeat` on {server}',

  'carry-keys-here': 'carry them here in a file: `keystair keys export` on a server that has them',
  'carry-keys': BY_FILE,
  'use-hierarchy-there': `switch it on there with \`keystair server settings --use-hierarchy on\`, or ${BY_FILE}`,
  'upgrade-primary': `upgrade it, or ${BY_FILE}`,
  'bring-key': BY_HAND,
  'use-hierarchy-at-maker': `make sure the server of the device that made it uses the hierarchy, or ${BY_HAND}`,
  'use-hierarchy': `run \`keystair server settings --use-hierarchy on\` at {server}, or ${BY_HAND}`,
  'check-network': `check the network and the primary's service from {server}, or ${BY_HAND}`,
  'explain-key': 'ask why with `keystair keys explain {key}`',
  'find-key': 'give the whole id; `keystair keys list --find TEXT` shows it on a server that has the key',
  'use-id-of-key': 'use the id, as `keystair keys list --find {text}` shows it',
  'look-at-key': 'see why with `keystair keys show {key}`',
  'reveal-key': 'an administrator can reveal it with `keystair keys reveal`',
  'export-from-backup':
    'nothing was imported; restore it into an empty directory with `keystair server restore`, and export the keys there',
  'import-export': 'nothing was restored; take its keys into a running server with `keystair keys import`',
  'decrypt-file':
    'nothing was imported; on an enrolled device open it with `keystair agent decrypt-file`, and name the export here',

  'look-at-altered': 'see them with `keystair server verify`',
  'verify-key':
    'run `keystair server verify`; the key can be had again from its primary, a secondary or an export',
  'verify-and-restore': 'run `keystair server verify`, then restore the newest backup',
  'upgrade-or-verify':
    'upgrade if a newer program wrote it; else run `keystair server verify` and restore the newest backup',
  'make-file-again':
    'no file was left; start the server if it stopped, else see its log, or whether a key is damaged with `keystair server verify`, and run the command again',
  'verify-and-import': 'run `keystair server verify`, and import the file again',
  'verify-directory':
    'see what is affected with `keystair server verify --data {directory}`, and restore from a backup',
  'verify-and-export':
    'see what is affected with `keystair server verify`, take the keys out with `keystair keys export`, and restore the newest backup',
  'recover-from-primary':
    'have them again from the primary with `keystair server recover-from-primary`, from an export, or restore the newest backup',
  'count-receipts':
    '`keystair server verify --repair` counts anew, and the device gives back what is lacking',
  'restore-backup': 'restore the server from a backup with `keystair server restore`',
  'check-directory': 'check the data directory, or restore it from a backup with `keystair server restore`',
  'restore-again': 'run `keystair server restore` into it again, which clears away what was left',

  'look-at-devices': 'look at `keystair devices list`',
  'use-id-of-device': 'use the id, as `keystair devices list` shows it',
  'enrol-device': 'enrol it with `keystair agent enrol FILE --state DIR`',
  'enrol-again': 'look at `keystair agent status`, and enrol again if it is not where it belongs',
  'check-origin': 'check which server the device belongs to with `keystair agent status`; it was not stored',
  'device-heartbeat':
    'it gives its receipts back with its next heartbeat; at once with `keystair agent heartbeat` on {device}',
  'find-drive-key':
    '`keystair keys list --find {uuid}` on a server shows its key, if it was made by Keystair and its token was removed; otherwise open it with its own passphrase',
  'check-file': 'check that this is the file that `keystair agent encrypt-file` made',
  'open-elsewhere':
    'an export is taken in with `keystair keys import FILE`, a backup with `keystair server restore FILE` into an empty directory; any other file opens with `age --decrypt`',
  'open-elsewhere-sealed':
    'an export for one server is taken in there with `keystair keys import FILE`; any other file opens with `age --decrypt` and the identity it was made for',
};

/** A next step, with its command. A step that this release does not know came as a plain sentence. */
export function stepWords(next: NextStep | ToldStep): string {
  if (typeof next === 'string') return next;
  const step = 'nextStep' in next ? next.step : next;
  if (step === undefined) return (next as ToldStep).nextStep;
  return NEXT_STEPS[step.name].replaceAll(/`[^`]*`|[^`]+/g, (piece) =>
    fillStep(piece, step.details, piece.startsWith('`') ? shellWord : undefined),
  );
}

export function noticeWords({ sentence, nextStep, step }: Notice): string {
  return nextStep === undefined ? sentence : `${sentence}; ${stepWords({ nextStep, step })}`;
}

/** What happened; what to do. */
export function failureWords({ message, nextSteps }: KeystairError): string {
  return [message, ...nextSteps.map(stepWords)].join('; ');
}
