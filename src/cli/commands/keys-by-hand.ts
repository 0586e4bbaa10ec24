/** `keystair keys export` and `keys import`: manual transfer, in a file that a password or one server opens. */
import { randomBytes } from 'node:crypto';
import { checkNewFile, writeWholeFile } from '#disk/whole-file.ts';
import { KeystairError } from '#domain/errors.ts';
import type { ImportReport } from '#protocol/people/routes/transfers.ts';
import { command } from '../command.ts';
import type { Context } from '../context.ts';
import { flag, required, text, texts, time } from '../options.ts';
import { openFileInput } from '../file-input.ts';
import { sayPartsLeft } from '../parts-left.ts';
import { counted, createProgress, inKeys, inMegabytes } from '../progress.ts';
import { readPassword } from '../secrets.ts';
import { STANDARD_STREAM, requirePipedOutput, writeStandardOutput } from '../standard-streams.ts';
import { UsageError } from '../usage-error.ts';
import { ASKED_SERVER, count } from '../words.ts';

const LOST_PASSWORD = 'A lost password cannot be recovered. If it is lost, export again.';
const clock = (): number => performance.now();
const random = (bytes: number): Uint8Array => randomBytes(bytes);

/**
 * The password of a new file: generated, from a file, or asked for twice. A person who chooses it on a terminal reads
 * beforehand what losing it means; everybody else reads it afterwards.
 */
async function newPassword(
  context: Context,
  file: string | undefined,
  generate: boolean,
): Promise<{ readonly password: string; readonly shown: readonly string[] }> {
  if (generate) {
    const { makeWordPassword } = await import('#crypto/password/word-password.ts');
    const password = await makeWordPassword(random);
    return { password, shown: [`The password, shown only now: ${password}`] };
  }
  if (file === undefined && context.terminal.inputIsPerson) context.terminal.say(LOST_PASSWORD);
  const question = { text: 'Password for the export file', twice: true };
  return { password: await readPassword(file, context.terminal, question), shown: [] };
}

/**
 * The file's bytes; before they count as whole, the generated password is shown once. A file whose password nobody read
 * is not left behind. Never on standard output, which may end in a log.
 */
async function* thenShown(
  bytes: AsyncIterable<Uint8Array>,
  shown: readonly string[],
  { terminal }: Context,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* bytes;
  for (const line of shown) await terminal.show(line);
}

/** The server judges passwords, but cannot know that there is another way than choosing a better one. */
function nameOtherWay(error: unknown): never {
  if (!(error instanceof KeystairError) || error.code !== 'password-weak') throw error;
  throw new KeystairError('password-weak', error.message, {
    nextStep: `${error.nextStep ?? 'choose a stronger one'}, or use --generate-password`,
    cause: error,
  });
}

export const exportByHand = command({
  summary: 'write keys to a file that only a password or only one server opens',
  positionals: {},
  options: {
    ...ASKED_SERVER,
    out: required(text('FILE', 'the file to write, or - for standard output')),
    'password-file': text('F', 'a file that holds the password; asked for on a terminal otherwise'),
    'generate-password': flag('make a password of six words, and show it once'),
    to: text(
      'RECIPIENT',
      'instead of a password: the recipient that keystair server recipient prints on the target server',
    ),
    'to-server': text('SERVER', 'instead of a password: a neighbour of this server, by id or name'),
    device: texts('D', 'only keys of this device, by id or name; may be repeated'),
    key: texts('ID', 'only this key; may be repeated, and combined with --device'),
    find: text('TEXT', 'only keys that keystair keys list --find TEXT lists; not with --device and --key'),
    'created-after': time('of these, only keys created later'),
    force: flag('replace the file if it exists'),
  },
  example: '--out oslo.age --device laptop-17 --data /var/lib/keystair',
  check: (_values, options, json) => {
    const { 'password-file': file, 'generate-password': generate, to, 'to-server': server } = options;
    if ([file, to, server].filter((given) => given !== undefined).length + Number(generate) > 1) {
      throw new UsageError('give only one of --password-file, --generate-password, --to and --to-server');
    }
    if (options.find !== undefined && options.device.length + options.key.length > 0) {
      throw new UsageError('give either --find, or --device and --key');
    }
    if (options.out === STANDARD_STREAM && json) {
      throw new UsageError('with --json standard output cannot be FILE; name a file');
    }
  },
  run: async (context, _values, options) => {
    const { data: address, out, to, 'to-server': server, device, key, find, force } = options;
    const createdAfter = options['created-after'];
    const piped = out === STANDARD_STREAM;
    if (piped) requirePipedOutput(context.terminal);
    else await checkNewFile(out, force);
    if (options['generate-password']) context.terminal.requireShow();
    await sayPartsLeft(context.terminal, out);
    const transfers = await context.connectTransfers(address);
    const secret =
      to === undefined && server === undefined
        ? await newPassword(context, options['password-file'], options['generate-password'])
        : undefined;
    const request = {
      ...(device.length === 0 ? {} : { devices: [...device] }),
      ...(key.length === 0 ? {} : { keys: [...key] }),
      ...(find === undefined ? {} : { find }),
      ...(createdAfter === undefined ? {} : { createdAfter }),
      ...(secret === undefined ? { recipient: to, server } : { password: secret.password }),
    };
    const answer = await transfers.exportKeys(request, context.stopSignal()).catch(nameOtherWay);
    const progress = createProgress(context.terminal, 'Exporting', clock, inMegabytes);
    const bytes = thenShown(
      counted(answer.bytes, answer.bytesExpected, progress),
      secret?.shown ?? [],
      context,
    );
    if (piped) await writeStandardOutput(context.terminal, bytes);
    else await writeWholeFile({ path: out, force, random }, bytes);
    const exported = `Exported ${count(answer.keys, 'key')} to ${piped ? 'standard output' : out}`;
    return {
      document: { exported: answer.keys, file: out },
      lines: piped ? [] : [exported],
      messages: [
        ...(piped ? [exported] : []),
        ...(answer.keys === 0 ? ['No key matches the selection: the file is complete and holds none.'] : []),
        secret === undefined
          ? 'Only the server with that recipient opens it: keystair keys import FILE there.'
          : LOST_PASSWORD,
      ],
      ...(piped ? { piped } : {}),
    };
  },
});

export const importByHand = command({
  summary: 'import the keys of an export file, all or none',
  positionals: { file: { placeholder: 'FILE', help: 'the export file, or - for standard input' } },
  options: {
    ...ASKED_SERVER,
    'password-file': text('F', 'a file that holds the password; asked for on a terminal otherwise'),
    'dry-run': flag('only report what would be new, known and conflicting'),
  },
  example: 'oslo.age --dry-run --data /var/lib/keystair',
  run: async (context, { file }, { data: address, 'password-file': passwordFile, 'dry-run': dryRun }) => {
    const input = await openFileInput(file, context.terminal);
    try {
      const transfers = await context.connectTransfers(address);
      // Approvers of an import approve this file and no other.
      const digest = await input.digest();
      const { asksForPassword, bytes } = await input.read();
      const question = { text: 'Password of the export file', twice: false };
      const password =
        passwordFile !== undefined || asksForPassword
          ? await readPassword(passwordFile, context.terminal, question)
          : undefined;
      const checking = createProgress(context.terminal, 'Checking', clock, inMegabytes);
      const recording = createProgress(context.terminal, 'Recording', clock, inKeys);
      const report = await transfers.importKeys(
        {
          ...(password === undefined ? {} : { password }),
          ...(digest === undefined ? {} : { digest }),
          dryRun,
        },
        counted(bytes, input.size, checking),
        context.stopSignal(),
        recording.at,
      );
      recording.end();
      return { document: { ...report }, lines: reportLines(report) };
    } finally {
      await input.close();
    }
  },
});

function reportLines({ new: fresh, known, conflicts, dryRun }: ImportReport): string[] {
  const verb = dryRun ? 'Would import' : 'Imported';
  return [
    `${verb} ${count(fresh, 'new key')}; ${known === 1 ? '1 was' : `${known} were`} already known.`,
    ...(conflicts.length === 0
      ? []
      : [
          `${count(conflicts.length, 'key')} of the file ${conflicts.length === 1 ? 'is' : 'are'} here with different content; what is here stays:`,
          ...conflicts.map(({ id }) => `  ${id}`),
        ]),
  ];
}
