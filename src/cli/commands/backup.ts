/** `keystair server backup` and `server restore`: the whole server in one file that only a password opens. */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { checkNewFile, writeWholeFile } from '#disk/whole-file.ts';
import { KeystairError } from '#domain/errors.ts';
import { command, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { openFileInput } from '../file-input.ts';
import { noticeWords } from '../next-steps.ts';
import { flag, required, text } from '../options.ts';
import { counted, createProgress, inMegabytes, inRows } from '../progress.ts';
import { type ServerAddress, serverAddress, USUAL_DATA } from '../places.ts';
import { sayPartsLeft } from '../parts-left.ts';
import { readPassword } from '../secrets.ts';
import type { BackupFile } from '#protocol/server-program.ts';
import { requirePipedOutput, STANDARD_STREAM, writeStandardOutput } from '../standard-streams.ts';
import { UsageError } from '../usage-error.ts';
import { ASKED_SERVER, AT_URL, count, when } from '../words.ts';

const LOST_PASSWORD =
  'Nobody can restore from the file without this password: keep it safe, and apart from the file.';
const clock = (): number => performance.now();

const BACKUP_FILE = { file: { placeholder: 'FILE', help: 'the backup, or - for standard output or input' } };
const PASSWORD_FILE = text('F', 'a file that holds the password; asked for on a terminal otherwise');

export const backup = command({
  summary: 'write everything the server holds to a file that only a password opens; the server keeps running',
  positionals: BACKUP_FILE,
  options: {
    data: text(
      'DIR',
      `the server's data directory; else KEYSTAIR_DATA, else ${USUAL_DATA}; with --check, a server to tell that its backup is whole`,
    ),
    ...AT_URL,
    approval: ASKED_SERVER.approval,
    reason: ASKED_SERVER.reason,
    'password-file': PASSWORD_FILE,
    force: flag('replace the file if it exists'),
    check: flag(
      'instead of making a backup: open this one in a scratch directory and verify everything in it',
    ),
    scratch: text(
      'DIR',
      'with --check: a directory with enough space; by default the one for temporary files',
    ),
  },
  example: 'oslo.backup --data /var/lib/keystair --password-file /run/backup-password',
  check: ({ file }, options, json) => {
    const { force, check, scratch } = options;
    if (check && force) throw new UsageError('--check writes no file: omit --force');
    if (!check && file === STANDARD_STREAM && json)
      throw new UsageError('with --json standard output cannot be FILE; name a file');
    if (!check && scratch !== undefined) throw new UsageError('--scratch is only for --check');
  },
  run: async (context, { file }, options) => {
    const {
      data,
      url,
      'api-key-file': apiKeyFile,
      fingerprint,
      force,
      'password-file': passwordFile,
    } = options;
    const given = { data, url, apiKeyFile, fingerprint };
    if (options.check) {
      const named = Object.values(given).some((one) => one !== undefined);
      const told = named ? serverAddress(given, context.places) : undefined;
      return checkIt(context, file, passwordFile, options.scratch ?? tmpdir(), told);
    }
    const address = {
      ...serverAddress(given, context.places),
      given: { approval: options.approval, reason: options.reason },
    };
    return makeIt(context, file, address, passwordFile, force);
  },
});

async function makeIt(
  context: Context,
  file: string,
  address: ServerAddress,
  passwordFile: string | undefined,
  force: boolean,
): Promise<Outcome> {
  const piped = file === STANDARD_STREAM;
  if (piped) requirePipedOutput(context.terminal);
  else await checkNewFile(file, force);
  await sayPartsLeft(context.terminal, file);
  const transfers = await context.connectTransfers(address);
  if (passwordFile === undefined && context.terminal.inputIsPerson) context.terminal.say(LOST_PASSWORD);
  const question = { text: 'Password for the backup', twice: true };
  const password = await readPassword(passwordFile, context.terminal, question);
  const answer = await transfers.backup({ password }, context.stopSignal());
  const progress = createProgress(context.terminal, 'Backing up', clock, inMegabytes);
  const bytes = counted(answer.bytes, answer.bytesExpected, progress);
  if (piped) await writeStandardOutput(context.terminal, bytes);
  else await writeWholeFile({ path: file, force, random: randomBytes }, bytes);
  const made = `The backup ${piped ? 'on standard output' : file} holds the whole server: ${count(answer.keys, 'key')}, its settings and its root key.`;
  return {
    document: {},
    lines: piped ? [] : [made],
    messages: [
      ...(piped ? [made] : []),
      LOST_PASSWORD,
      `Prove that it opens: keystair server backup --check ${piped ? 'FILE' : file}`,
    ],
    ...(piped ? { piped } : {}),
  };
}

async function checkIt(
  context: Context,
  file: string,
  passwordFile: string | undefined,
  scratch: string,
  told: ServerAddress | undefined,
): Promise<Outcome> {
  const { checkBackupFile } = await context.serverProgram();
  const verifying = createProgress(context.terminal, 'Verifying', clock, inRows);
  const report = await withBackup(context, file, passwordFile, 'Checking', (read, stop) =>
    checkBackupFile(read, scratch, { onProgress: verifying.at, stop }),
  ).finally(verifying.end);
  if (!report.ok) {
    for (const problem of report.problems) context.terminal.say(noticeWords(problem));
    throw new KeystairError(
      'data-damaged',
      `the backup opens, but ${count(report.problems.length, 'problem')} ${report.problems.length === 1 ? 'was' : 'were'} found in it`,
      { nextStep: 'run `keystair server verify` on the server, and check an older backup' },
    );
  }
  const { server, backup: made, counts, keys } = report;
  if (told !== undefined) {
    const client = await context.connect(told);
    await client('noteBackupCheck', { id: made.backup, server: server.id, madeAt: made.createdAt });
  }
  return {
    document: { ok: true, keys, problems: [], server, madeAt: made.createdAt, counts },
    lines: [
      `The backup of ${server.name} (${server.id}) of ${when(made.createdAt)} is whole.`,
      `${count(keys, 'key')} opened and checked; ${count(counts['audit'] ?? 0, 'line')} of the audit log.`,
    ],
    messages: told === undefined ? [] : [`${server.name} was told, and counts it as its last trial.`],
  };
}

export const restore = command({
  summary:
    'restore the server in a backup into an empty data directory or database, completely or not at all',
  positionals: BACKUP_FILE,
  options: {
    data: required(text('DIR', 'an empty directory, or one that does not exist yet')),
    database: text('URL', 'an empty PostgreSQL database instead, as postgres://USER@HOST/NAME'),
    'password-file': PASSWORD_FILE,
    config: text('FILE', 'a configuration file, if the key file is to be elsewhere'),
    'new-key-file': flag(
      'make a key file even if the server had none, because its passphrase or token is lost',
    ),
  },
  example: 'oslo.backup --data /var/lib/keystair',
  run: async (
    context,
    { file },
    { data, database, config, 'password-file': passwordFile, 'new-key-file': newKeyFile },
  ) => {
    const { restoreServer } = await context.serverProgram();
    const {
      server,
      backup: made,
      counts,
      keyFile,
      otherSeals,
    } = await withBackup(context, file, passwordFile, 'Restoring', (read) =>
      restoreServer(read, data, { config, newKeyFile, database }),
    );
    return {
      document: {},
      lines: [
        `${server.name} (${server.id}) is restored as it was at ${when(made.createdAt)}: ${count(counts['keys'] ?? 0, 'key')}.`,
      ],
      messages: [
        `Next: keystair server start --data ${data}${database === undefined ? '' : ` --database ${database}`}`,
        'Secondaries and devices send again what this server lost. The primary returns what only it has, once an administrator there allows that: keystair server recover-from-primary.',
        'Members removed after the backup are members again; those that joined after it are not, and open invitations are void: check keystair hierarchy show and keystair devices list.',
        'People are who they were then: somebody removed since is back, and somebody added since is not. All sessions have ended, and open set-up links are void: check keystair people list.',
        'If the old server still runs anywhere, stop it: two copies of one server must never run.',
        ...openedBy(keyFile, otherSeals),
      ],
    };
  },
});

function openedBy(keyFile: boolean, otherSeals: readonly string[]): string[] {
  const others = otherSeals.join(', ');
  if (!keyFile) {
    return [
      `It is opened as before, by ${others}. If nobody can do that any longer, restore again with --new-key-file.`,
    ];
  }
  return [
    'It has a new key file: keep a copy of it away from the database.',
    ...(others === '' ? [] : [`The server can still be opened by: ${others}.`]),
  ];
}

/** Passes a backup's bytes and password to its reader; a signal ends that cleanly. */
async function withBackup<T>(
  context: Context,
  file: string,
  passwordFile: string | undefined,
  what: string,
  use: (read: BackupFile, stop: AbortSignal) => Promise<T>,
): Promise<T> {
  const input = await openFileInput(file, context.terminal);
  try {
    const question = { text: 'Password of the backup', twice: false };
    const password = await readPassword(passwordFile, context.terminal, question);
    const stop = context.stopSignal();
    const { bytes } = await unlessStopped(input.read(), stop);
    const progress = createProgress(context.terminal, what, clock, inMegabytes);
    return await use({ bytes: untilStopped(counted(bytes, input.size, progress), stop), password }, stop);
  } finally {
    await input.close();
  }
}

/** The writer of a pipe may take for ever: nobody has to wait for it. */
async function* untilStopped(
  bytes: AsyncIterable<Uint8Array>,
  stop: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const blocks = bytes[Symbol.asyncIterator]();
  for (;;) {
    const next = await unlessStopped(blocks.next(), stop);
    if (next.done === true) return;
    yield next.value;
  }
}

async function unlessStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const onStop = (): void =>
    stopped.reject(
      new KeystairError('interrupted', 'stopped before the whole backup was read', {
        nextStep: 'nothing was restored; run the command again',
      }),
    );
  if (stop.aborted) onStop();
  stop.addEventListener('abort', onStop);
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    stop.removeEventListener('abort', onStop);
  }
}
