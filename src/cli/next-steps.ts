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
  'carry the key in a file: `keystair keys export` on a server that has it, `keystair keys import` here';

export const NEXT_STEPS: Readonly<Record<StepName, string>> = {
  'start-server': 'start it with `keystair server start --data {directory}`',
  'start-server-again':
    'check its log, start it with `keystair server start --data {directory}` and try again',
  'create-server': 'check the path, or create one there with `keystair server start --data {directory}`',
  'end-server': 'use it with `keystair server status --data {directory}`, or stop it first',
  'find-holder': 'use it with `keystair server status --data {directory}`, or find it with `fuser {path}`',
  'look-at-status': 'run `keystair server status`',
  'compare-versions': 'see `keystair --help`, and compare the versions of the command line and the server',
  unseal: 'open it with `keystair server unseal`',
  'start-and-unseal': 'start the server, and open it with `keystair server unseal`',
  'unseal-and-verify': 'start the server, open it with `keystair server unseal`, and verify it while it runs',
  'correct-pin-file':
    'correct pkcs11.pinFile in the configuration, or enter the PIN with `keystair server unseal`',
  'look-for-seals': '`keystair server status` lists its seals',
  'look-at-seals': 'list its seals with `keystair server seals`',
  'add-seal-first': 'add another with `keystair server add-seal`, then remove this one',
  'remove-seal': 'remove one that is not needed with `keystair server remove-seal`',
  'put-back-key-file': 'restore it, or remove the seal with `keystair server remove-seal {seal}`',

  'ask-for-right': 'ask an administrator who can grant rights; `keystair people list` shows who can',
  'ask-givers': 'ask {people}, who can grant it',
  'sign-in': 'sign in with `keystair login`',
  'sign-in-again': 'sign in again with `keystair login`, then run the command again',
  'compare-fingerprint':
    "compare it with what `keystair server status` shows on the server's own machine; if they are the same, run `keystair login --url {url} --fingerprint FINGERPRINT`; if not, tell an administrator, since somebody may be in between",
  'sign-in-anew': 'start the sign-in again with name and password',
  'ask-for-set-up':
    'ask an administrator who manages people on this server for a new one, made with `keystair people reset NAME`',
  'add-manager': 'give another person the right Write on "People", and try again once they can sign in',
  'look-at-people': 'list the people with `keystair people list`',
  'look-at-roles': 'list the roles with `keystair roles list`',
  'look-at-groups': 'list the groups with `keystair groups list`',
  'look-at-policy-schema':
    'compare with `keystair policies schema` and `keystair policies show G`, and try it with --dry-run first',
  'empty-group':
    'move what is in it with `keystair devices set` and `keystair groups move`, or to the group above with `--move-up`',
  'change-limits': 'limit those roles to other groups first with `keystair people set`',
  'open-console-first': 'start the server with `keystair server start --console HOST:PORT`',
  'wait-for-approval': 'when it is approved, run the command again with `--approval {approval}`',
  'use-approval': 'it is approved: run the command again with `--approval {approval}`',
  'look-at-approvals': 'see `keystair approvals list`',
  'look-at-approval':
    'see `keystair approvals show {approval}`; to ask anew, run the command without `--approval`',
  'withdraw-requests':
    'withdraw what is no longer wanted with `keystair approvals withdraw`, or wait until it is answered',
  'find-approvers':
    'give more people the right to answer requests with `keystair people set`, or ask for fewer approvers',
  'approve-in-emergency':
    'have somebody else approve it, or run `keystair approvals approve {approval} --emergency --reason TEXT`',
  'acknowledge-emergency':
    'when you know why it was done, acknowledge it with `keystair approvals acknowledge {approval}`',

  'join-hierarchy': 'join one with `keystair hierarchy join`',
  'part-from-primary': 'to leave it, run `keystair hierarchy leave`',
  'leave-first': 'run `keystair hierarchy leave` first; the keys here stay',
  'verify-primary': 'check the log of the primary, and run `keystair server verify` there',
  'verify-both': 'run `keystair server verify` on both',
  'ask-for-secondary': 'ask the primary for one made with `keystair hierarchy invite`',
  'ask-for-device': 'ask for one made with `keystair devices invite`',
  'use-for-secondary': 'use it with `keystair hierarchy join`, or ask for one for a device',
  'use-for-device': 'use it with `keystair agent enrol`, or ask for one for a secondary',
  'prevent-ring':
    'first run `keystair hierarchy leave` at {server} or at a server between the two; `keystair hierarchy show` lists them',
  'prevent-ring-above':
    'first run `keystair hierarchy leave` at {server} or at a server between the two; if one has left already, run `keystair hierarchy heartbeat` at {server}',
  'break-ring': 'run `keystair hierarchy leave` at {server}, or at the server that should have no primary',
  'break-any-link': 'run `keystair hierarchy leave` at the server that should have no primary',
  'find-loop': 'check the hierarchy for a loop with `keystair hierarchy show`',
  'leave-loop': 'run `keystair hierarchy leave` at {server}',
  'look-at-links': 'try again; if it happens again, check the links with `keystair hierarchy show`',
  'join-anew': 'run `keystair server status` at {server}; it may have to join again with a new invitation',
  'look-at-servers': 'list the servers with `keystair hierarchy show`',
  'use-id-of-server': 'use the id, as `keystair hierarchy show` shows it',
  'allow-recovery':
    'ask its administrator to run `keystair hierarchy allow-recovery {server}`, then run this command again',
  'acknowledge-gap':
    'find out why, with an administrator there, and acknowledge the gap with `keystair audit acknowledge {server}`',
  'end-recovery':
    'when it has them, end the recovery with `keystair hierarchy allow-recovery {server} --off`',
  'secondary-heartbeat':
    'it sends its keys again with its next heartbeat; to do it now, run `keystair hierarchy heartbeat` on {server}',

  'carry-keys-here': 'carry them here in a file: `keystair keys export` on a server that has them',
  'carry-keys': BY_FILE,
  'use-hierarchy-there': `switch it on there with \`keystair server settings --use-hierarchy on\`, or ${BY_FILE}`,
  'upgrade-primary': `upgrade it, or ${BY_FILE}`,
  'bring-key': BY_HAND,
  'use-hierarchy-at-maker': `check that the server of the device that made it uses the hierarchy, or ${BY_HAND}`,
  'use-hierarchy': `run \`keystair server settings --use-hierarchy on\` at {server}, or ${BY_HAND}`,
  'check-network': `check that {server} can reach its primary and that the primary runs, or ${BY_HAND}`,
  'explain-key': 'ask why with `keystair keys explain {key}`',
  'find-key': 'give the whole id; `keystair keys list --find TEXT` shows it on a server that has the key',
  'use-id-of-key': 'use the id, as `keystair keys list --find {text}` shows it',
  'look-at-key': 'see the reason with `keystair keys show {key}`',
  'reveal-key': 'an administrator can reveal it with `keystair keys reveal`',
  'export-from-backup':
    'nothing was imported; restore it into an empty directory with `keystair server restore`, and export the keys from that server',
  'import-export': 'nothing was restored; import its keys into a running server with `keystair keys import`',
  'decrypt-file':
    'nothing was imported; decrypt it on an enrolled device with `keystair agent decrypt-file`, and name an export here',

  'look-at-altered': 'see them with `keystair server verify`',
  'verify-key':
    'run `keystair server verify`; the key can be recovered from its primary, a secondary or an export',
  'verify-and-restore': 'run `keystair server verify`, then restore the newest backup',
  'upgrade-or-verify':
    'upgrade if a newer release wrote it; otherwise run `keystair server verify` and restore the newest backup',
  'make-file-again':
    'no file was left; start the server if it stopped, otherwise check its log and look for damaged keys with `keystair server verify`; then run the command again',
  'verify-and-import': 'run `keystair server verify`, and import the file again',
  'verify-directory':
    'see what is affected with `keystair server verify --data {directory}`, and restore from a backup',
  'verify-and-export':
    'see what is affected with `keystair server verify`, export the keys with `keystair keys export`, and restore the newest backup',
  'recover-from-primary':
    'recover them from the primary with `keystair server recover-from-primary`, import an export, or restore the newest backup',
  'make-tree-again': '`keystair server verify --repair` rebuilds it from the lines',
  'count-receipts': '`keystair server verify --repair` recounts them, and the device returns what is missing',
  'restore-backup': 'restore the server from a backup with `keystair server restore`',
  'check-directory': 'check the data directory, or restore it from a backup with `keystair server restore`',
  'migrate-first':
    'move it with `keystair server migrate --data {directory} --to URL`, or give an empty directory',
  'start-on-database':
    'start it with `keystair server start --database URL`, where URL names {place}; this directory keeps its key file',
  'after-loss':
    'devices and secondaries send again what they have; get the rest with `keystair server recover-from-primary`, or from exports and backups, and let a standby confirm each commit (synchronous_standby_names)',
  'accept-rollback':
    'bring back the database that has everything; if it is lost for good, run `keystair server accept-rollback --data DIR` on the machine of the server: what was lost is then asked for again',
  'restore-into-database':
    'find the database that holds the repository, or restore the newest backup into this one with `keystair server restore FILE --data DIR --database URL`; a new server needs a data directory of its own',
  'restore-again': 'run `keystair server restore` into it again, which removes what was left',

  'look-at-devices': 'list the devices with `keystair devices list`',
  'use-id-of-device': 'use the id, as `keystair devices list` shows it',
  'enrol-device': 'enrol it with `keystair agent enrol FILE --state DIR`',
  'enrol-again': 'check its server with `keystair agent status`, and enrol it again if that is the wrong one',
  'check-origin':
    'nothing was stored; check which server the device is enrolled with: `keystair agent status`',
  'device-heartbeat':
    'it returns its receipts with its next heartbeat; to do it now, run `keystair agent heartbeat` on {device}',
  'find-drive-key':
    'if Keystair made it and its token was removed, `keystair keys list --find {uuid}` on a server shows its key; otherwise open it with its own passphrase',
  'adopt-again':
    'run `keystair agent adopt-drive {path}` with another passphrase of it, before nobody knows one',
  'adopt-by-policy': 'run `keystair agent adopt-drive {path}` with a passphrase that opens it now',
  'convert-by-policy':
    'run `keystair agent adopt-drive {path} --convert` with a passphrase that opens it now; its data and passphrases stay',
  'encrypt-by-policy':
    'copy what is on it elsewhere, and run `keystair agent format-drive {path} --erase`; nothing is done to it by itself',
  'encrypt-anew-by-policy':
    'copy what is on it elsewhere, and run `keystair agent format-drive {path} --erase`, or let an administrator allow its cipher in the policy; nothing is done to it by itself',
  'encrypt-plugged':
    'to write to it, run `blockdev --setrw {path}` and `keystair agent format-drive {path} --erase` as root, which erases what is on it',
  'adopt-plugged':
    'to write to it, run `blockdev --setrw {path}` and `keystair agent adopt-drive {path}` as root, with a passphrase that opens it now; nothing on it is lost',
  'check-file': 'check that this is a file that `keystair agent encrypt-file` made',
  'open-elsewhere':
    'import an export with `keystair keys import FILE`; restore a backup with `keystair server restore FILE` into an empty directory; open any other file with `age --decrypt`',
  'open-elsewhere-sealed':
    'import an export for one server there with `keystair keys import FILE`; open any other file with `age --decrypt` and the identity it was made for',
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
