/** `keystair agent …` for drives. */
import { command, type Noun, type Positional } from '../command.ts';
import { noticeWords } from '../next-steps.ts';
import { flag, name as nameOption, text } from '../options.ts';
import { readKeyFile, readPassword } from '../secrets.ts';
import { columns, table } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { AGENT_STATE as STATE, when } from '../words.ts';

const PATH: Positional = { placeholder: 'PATH', help: 'a block device or an image file' };

const formatDrive = command({
  summary: 'make an encrypted drive (LUKS2); its key is in custody before anything is written',
  positionals: { path: PATH },
  options: {
    ...STATE,
    label: nameOption('a label to find it by', 'L'),
    erase: flag('format it even if it holds data, and destroy that data'),
  },
  example: '/dev/sdb --label "Kari blue" --state /var/lib/keystair-agent',
  run: async (context, { path }, { state, label, erase }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    const document = await agent.formatDrive({ state, path, label, erase, stop });
    return {
      document,
      lines: columns([
        ['Drive', document.uuid],
        ['Key', document.key],
      ]),
    };
  },
});

/** Where a key came from: this device, its own server, or the server that had it. */
function sourceWords(source: string): string {
  if (source === 'device') return 'this device';
  return source === 'server' ? 'its server' : `the server ${source}`;
}

const ONE_COPY_LEFT =
  'One of the two copies of its header is damaged or older: `cryptsetup repair PATH` rewrites it.';

const openDrive = command({
  summary: 'get the key of a drive and open the drive, or prove that it would open',
  positionals: { path: PATH },
  options: {
    ...STATE,
    name: text('MAPPER', 'open it under this name in /dev/mapper; the system mounts it from there'),
    'read-only': flag('with --name: open it so that nothing is written to it'),
    test: flag('only prove that it would open'),
  },
  example: '/dev/sdb --name kari-blue --state /var/lib/keystair-agent',
  check: (_values, { name, test, 'read-only': readOnly }) => {
    if ((name !== undefined) === test) {
      throw new UsageError('say what to do with the drive: --name MAPPER or --test');
    }
    if (readOnly && test) throw new UsageError('--read-only goes with --name');
  },
  run: async (context, { path }, { state, name, 'read-only': readOnly }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    const opened =
      name === undefined ? undefined : await agent.openDrive({ state, path, name, readOnly, stop });
    const { copiesAgree, ...document } = opened ?? (await agent.testDrive({ state, path, stop }));
    const { key, keyslot, source } = document;
    const done = opened === undefined ? 'The drive opens' : `The drive is opened as ${opened.device}`;
    const opens = `${done}: key ${key} in keyslot ${keyslot}, obtained from ${sourceWords(source)}.`;
    return { document, lines: copiesAgree ? [opens] : [opens, ONE_COPY_LEFT] };
  },
});

/** Only a drive with a key in custody is proved. */
function provedWords(key: string | null, provedAt: string | null): string {
  if (key === null) return '';
  return provedAt === null ? 'never' : when(provedAt);
}

const drives = command({
  summary: 'list the drives of this machine: whether each is encrypted, and whether its key opens it',
  positionals: {},
  options: STATE,
  example: '--state /var/lib/keystair-agent',
  run: async (context, _values, { state }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    const found = (await agent.drives({ state, stop })).map((drive) => ({
      ...drive,
      problem: drive.problem === null ? null : noticeWords(drive.problem),
    }));
    return {
      document: { drives: found },
      lines:
        found.length === 0
          ? ['No drives.']
          : table(
              ['Path', 'UUID', 'Label', 'Rule', 'State', 'Key', 'Last proved'],
              found.map(({ path, uuid, label, rule, state: shown, key, provedAt }) => [
                path,
                uuid ?? '',
                label ?? '',
                rule ?? '',
                shown,
                key ?? '',
                provedWords(key, provedAt),
              ]),
            ),
      messages: found.flatMap(({ path, problem }) => (problem === null ? [] : [`${path}: ${problem}`])),
    };
  },
});

const closeDrive = command({
  summary: 'close a drive that was opened under a name; unmount it first',
  positionals: { name: { placeholder: 'MAPPER', help: 'the name that was given to open-drive' } },
  // As every command of the agent takes it; nothing of it is needed to close a drive.
  options: { state: text('DIR', 'accepted, and not needed') },
  example: 'kari-blue',
  run: async (context, { name }) => {
    const agent = await context.agentProgram();
    await agent.closeDrive({ name });
    return { document: {}, lines: [`${name} is closed.`] };
  },
});

const adoptDrive = command({
  summary: 'take an existing LUKS drive into custody by adding a keyslot; what opened it before still does',
  positionals: { path: PATH },
  options: {
    ...STATE,
    'password-file': text(
      'F',
      'a file that holds a passphrase of the drive, or a key file; without it you are asked',
    ),
    convert: flag('a LUKS1 volume: make it a LUKS2 volume first; its data and passphrases stay'),
    label: nameOption("a label to find it by; else the drive's own", 'L'),
  },
  example: '/dev/sdb --state /var/lib/keystair-agent --password-file passphrase',
  run: async (context, { path }, { state, 'password-file': file, label, convert }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    const question = { text: 'A passphrase that opens the drive now', twice: false };
    const password =
      file === undefined ? await readPassword(file, context.terminal, question) : await readKeyFile(file);
    const document = await agent.adoptDrive({ state, path, password, label, convert, stop });
    return {
      document,
      lines: columns([
        ['Drive', document.uuid],
        ['Key', document.key],
        ['Keyslot', String(document.keyslot)],
      ]),
    };
  },
});

const rotate = command({
  summary: 'give a drive a new key, and remove the old keyslot once the new one is proved',
  positionals: { path: PATH },
  options: STATE,
  example: '/dev/sdb --state /var/lib/keystair-agent',
  run: async (context, { path }, { state }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    const document = await agent.rotateDrive({ state, path, stop });
    return {
      document,
      lines: columns([
        ['Key', document.key],
        ['Replaces', document.replaces],
      ]),
      messages: [
        'The old key no longer opens the drive. It still opens what was copied of the drive before, header and data.',
      ],
    };
  },
});

export const driveVerbs: Noun['verbs'] = {
  drives,
  'format-drive': formatDrive,
  'adopt-drive': adoptDrive,
  'open-drive': openDrive,
  'close-drive': closeDrive,
  rotate,
};
