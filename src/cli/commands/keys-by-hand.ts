/** `keystair keys export` and `keys import`: keys carried by hand, in a file that a password or one server opens. */
import { randomBytes } from 'node:crypto';
import { constants, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { KeystairError } from '#domain/errors.ts';
import { FILE_BLOCK_BYTES } from '#domain/limits.ts';
import type { ImportReport } from '#protocol/transfer-routes.ts';
import { command } from '../command.ts';
import type { Context } from '../context.ts';
import { flag, required, text, texts } from '../options.ts';
import { createProgress, keysRate, megabytes } from '../progress.ts';
import { readPassword } from '../secrets.ts';
import { counted } from '../transfer-progress.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, count } from '../words.ts';
import { checkNewFile, writeWholeFile } from '../whole-file.ts';

const LOST_PASSWORD = 'A lost password cannot be recovered: then export again.';
const clock = (): number => performance.now();
const random = (bytes: number): Uint8Array => randomBytes(bytes);

/** A day, or a time of it, in UTC. */
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/;

function timeOf(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const time = TIME.test(given) ? Date.parse(given) : Number.NaN;
  // A 31st of February would become a day of March.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(given.slice(0, 10))) {
    throw new UsageError(
      `--created-after must be like 2026-01-31 or 2026-01-31T08:00:00Z, in UTC, not '${given}'`,
    );
  }
  return new Date(time).toISOString();
}

/**
 * The password of a new file: generated, from a file, or asked for twice; told early where it is too weak. Whoever
 * chooses it is told before what it means to lose it.
 */
async function newPassword(
  context: Context,
  file: string | undefined,
  generate: boolean,
): Promise<{ readonly password: string; readonly shown: readonly string[] }> {
  if (generate) {
    const { makeWordPassword } = await import('#crypto/password/word-password.ts');
    const password = await makeWordPassword(random);
    context.terminal.say(LOST_PASSWORD);
    return { password, shown: [`The password, shown only now: ${password}`] };
  }
  const asked = file === undefined && context.terminal.inputIsPerson;
  if (asked) context.terminal.say(LOST_PASSWORD);
  const question = { text: 'Password for the export file', twice: true };
  const password = await readPassword(file, context.terminal, question);
  const { demandStrongPassword } = await import('#crypto/password/password-strength.ts');
  await demandStrongPassword(password);
  if (!asked) context.terminal.say(LOST_PASSWORD);
  return { password, shown: [] };
}

export const exportByHand = command({
  summary: 'write keys into a file that only a password opens, or only one server',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    out: required(text('FILE', 'the file to write')),
    'password-file': text('F', 'a file that holds the password; asked for on a terminal otherwise'),
    'generate-password': flag('make a password of six words, and show it once'),
    to: text(
      'RECIPIENT',
      'instead of a password: the recipient that keystair server status of the target shows',
    ),
    device: texts('D', 'only keys of this device, by id or name; several add up'),
    key: texts('ID', 'only this key; several add up, also with --device'),
    'created-after': text('TIME', 'of these only keys created later, like 2026-01-31'),
    force: flag('replace the file if it is there'),
  },
  example: '--out oslo.age --device laptop-17 --data /var/lib/keystair',
  check: (_values, { 'password-file': file, 'generate-password': generate, to, 'created-after': after }) => {
    if ([file !== undefined, generate, to !== undefined].filter(Boolean).length > 1) {
      throw new UsageError('give only one of --password-file, --generate-password and --to');
    }
    timeOf(after);
  },
  run: async (context, _values, options) => {
    const { data, out, to, device, key, force } = options;
    const createdAfter = timeOf(options['created-after']);
    await checkNewFile(out, force);
    const transfers = await context.connectTransfers(data);
    const secret =
      to === undefined
        ? await newPassword(context, options['password-file'], options['generate-password'])
        : undefined;
    const answer = await transfers.exportKeys(
      {
        ...(device.length === 0 ? {} : { devices: [...device] }),
        ...(key.length === 0 ? {} : { keys: [...key] }),
        ...(createdAfter === undefined ? {} : { createdAfter }),
        ...(secret === undefined ? { recipient: to } : { password: secret.password }),
      },
      context.stopSignal(),
    );
    const progress = createProgress(context.terminal, 'Exporting', clock, megabytes);
    await writeWholeFile(out, force, counted(answer.bytes, answer.bytesExpected, progress));
    // Never on standard output, which may end in a log.
    for (const line of secret?.shown ?? []) context.terminal.say(line);
    return {
      document: { exported: answer.keys, file: out },
      lines: [`Exported ${count(answer.keys, 'key')} to ${out}`],
      messages: [
        ...(answer.keys === 0 ? ['No key fits what was asked for: the file is whole, and holds none.'] : []),
        secret === undefined
          ? 'Only the server with that recipient opens it: keystair keys import FILE there.'
          : LOST_PASSWORD,
      ],
    };
  },
});

/** How every age v1 file with a passphrase begins. */
const ASKS_FOR_PASSWORD = 'age-encryption.org/v1\n-> scrypt ';

interface FileToRead {
  readonly asksForPassword: boolean;
  readonly bytes: AsyncGenerator<Uint8Array, void, undefined>;
  /** However far it was read. */
  readonly close: () => void;
}

/** Reads on from where the front ends and never back, so that a pipe is as good as a file. */
async function beginToRead(handle: FileHandle, isPipe: boolean): Promise<FileToRead> {
  const front = Buffer.alloc(ASKS_FOR_PASSWORD.length);
  let length = 0;
  while (length < front.length) {
    const { bytesRead } = await handle.read(front, length, front.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  const rest = isPipe
    ? waitedFor(handle)
    : handle.createReadStream({ highWaterMark: FILE_BLOCK_BYTES, autoClose: false });
  async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    yield front.subarray(0, length);
    yield* rest;
  }
  return {
    asksForPassword: front.toString('latin1', 0, length) === ASKS_FOR_PASSWORD,
    bytes: bytes(),
    close: () => void rest.destroy(),
  };
}

/** A plain read of a pipe that nobody writes to cannot be given up, and would keep the command from ending. */
function waitedFor(handle: FileHandle): Readable {
  const again = openSync(`/proc/self/fd/${handle.fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd: again, readable: true, writable: false });
}

export const importByHand = command({
  summary: 'take the keys of an export file in, all or none',
  positionals: { file: { placeholder: 'FILE', help: 'the export file' } },
  options: {
    ...ADDRESSED_SERVER,
    'password-file': text('F', 'a file that holds the password; asked for on a terminal otherwise'),
    'dry-run': flag('only say what would be new, known and conflicting'),
  },
  example: 'oslo.age --dry-run --data /var/lib/keystair',
  run: async (context, { file }, { data, 'password-file': passwordFile, 'dry-run': dryRun }) => {
    const handle = await open(file, constants.O_RDONLY);
    let reading: FileToRead | undefined;
    try {
      const stat = await handle.stat();
      if (stat.isDirectory()) {
        throw new KeystairError('invalid-argument', `${file} is a directory`, { nextStep: 'name a file' });
      }
      const transfers = await context.connectTransfers(data);
      reading = await beginToRead(handle, stat.isFIFO());
      const asks = passwordFile !== undefined || reading.asksForPassword;
      const question = { text: 'Password of the export file', twice: false };
      const password = asks ? await readPassword(passwordFile, context.terminal, question) : undefined;
      const checking = createProgress(context.terminal, 'Checking', clock, megabytes);
      const recording = createProgress(context.terminal, 'Recording', clock, keysRate);
      const report = await transfers.importKeys(
        { ...(password === undefined ? {} : { password }), dryRun },
        counted(reading.bytes, stat.size, checking),
        context.stopSignal(),
        recording.at,
      );
      recording.end();
      return { document: { ...report }, lines: reportLines(report) };
    } finally {
      reading?.close();
      await handle.close();
    }
  },
});

function reportLines({ new: fresh, known, conflicts, dryRun }: ImportReport): string[] {
  const verb = dryRun ? 'Would import' : 'Imported';
  return [
    `${verb} ${count(fresh, 'new key')}; ${known === 1 ? '1 was' : `${known} were`} known already.`,
    ...(conflicts.length === 0
      ? []
      : [
          `${count(conflicts.length, 'key')} of the file ${conflicts.length === 1 ? 'is' : 'are'} here with other content; what is here stays:`,
          ...conflicts.map(({ id }) => `  ${id}`),
        ]),
  ];
}
