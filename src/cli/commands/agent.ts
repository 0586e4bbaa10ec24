/** `keystair agent …`: the network agent on a managed device. */
import type { Noun } from '../command.ts';
import { AGE_ALGORITHMS } from '#domain/file-stanza.ts';
import { RECOVERY_KINDS } from '#domain/recovery-password.ts';
import { command, commandNotYet, type Outcome, type Positional } from '../command.ts';
import { choice, flag, name as nameOption, notYet, place, required, text } from '../options.ts';
import { agentPlace, USUAL_STATE } from '../places.ts';
import { readInvitation, readPassword, readRecoveryText } from '../secrets.ts';
import { sayPartsLeft } from '../parts-left.ts';
import { columns } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { count, when } from '../words.ts';

const STATE = {
  state: place(`the agent's state directory; else KEYSTAIR_STATE, else ${USUAL_STATE}`, agentPlace),
};

const enrol = command({
  summary: 'join the server that gave the invitation; on an enrolled device: change to that server',
  positionals: {
    invitation: { placeholder: 'FILE|-', help: 'the file with the invitation, or - for standard input' },
  },
  options: {
    ...STATE,
    name: nameOption('the name that people see; by default the name of the machine'),
  },
  example: 'invitation --state /var/lib/keystair-agent',
  run: async (context, values, { state, name }) => {
    const agent = await context.agentProgram();
    const invitation = await readInvitation(values.invitation, context.terminal);
    const { device, server, keys, missing, stays } = await agent.enrol({ state, invitation, name });
    const document = { device, server, keys };
    if (stays !== undefined) {
      return {
        document,
        lines: [
          `${device.name} stays with ${server.name}.`,
          ...missing.map(({ id, because }) => `  missing: ${id}: ${because}`),
        ],
        failure: stays,
      };
    }
    return {
      document,
      lines: [
        `${device.name} (${device.id}) is enrolled with the server ${server.name} (${server.id}).`,
        ...(keys.needed === 0
          ? []
          : [`${server.name} has every key that this device needs: ${count(keys.needed, 'key')}.`]),
      ],
      messages: ['Next: keep the agent running with: keystair agent run --state DIR'],
    };
  },
});

const heartbeat = command({
  summary: 'send one heartbeat to the server',
  positionals: {},
  options: STATE,
  example: '--state /var/lib/keystair-agent',
  run: async (context, _values, { state }) => {
    const agent = await context.agentProgram();
    const { server } = await agent.heartbeat({ state });
    return { document: {}, lines: [`${server.name} answered.`] };
  },
});

const run = command({
  summary: 'run as a service, in the foreground',
  positionals: {},
  options: STATE,
  example: '--state /var/lib/keystair-agent',
  run: async (context, _values, { state }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    await agent.run({ state, stop });
    return { document: {}, lines: [] };
  },
});

const status = command({
  summary: 'show the device, its server and its keys',
  positionals: {},
  options: STATE,
  example: '--state /var/lib/keystair-agent',
  run: async (context, _values, { state }) => {
    const agent = await context.agentProgram();
    const { device, server, addresses, lastHeartbeatAt, rows, warnings } = await agent.status({ state });
    return {
      document: {},
      lines: columns([
        ['Device', `${device.name} (${device.id})`],
        ['Server', `${server.name} (${server.id})`],
        ['Addresses', addresses.join(', ')],
        ['Last heartbeat', when(lastHeartbeatAt)],
        ...rows,
      ]),
      messages: warnings.map((warning) => `- ${warning}`),
    };
  },
});

const IN: Positional = { placeholder: 'IN', help: 'the file to read, or - for standard input' };
const OUT: Positional = { placeholder: 'OUT', help: 'the file to write, or - for standard output' };

const FORCE = { force: flag('replace OUT if it exists') };

/** Standard output cannot be OUT and also carry the JSON object. */
function checkOut({ to }: { readonly to: string }, _options: unknown, json: boolean): void {
  if (to === '-' && json) throw new UsageError('with --json standard output cannot be OUT; name a file');
}

function fileOutcome(done: string, key: string, to: string): Outcome {
  const piped = to === '-' ? { piped: true as const } : {};
  return { document: { key }, lines: [], messages: [`${done} with the key ${key}.`], ...piped };
}

const encryptFile = command({
  summary: "encrypt a file with this device's key, as age v1",
  positionals: { from: IN, to: OUT },
  options: {
    ...STATE,
    ...FORCE,
    algorithm: choice(AGE_ALGORITHMS, 'of the key; age-x25519 where older tools must read the file'),
    'new-identity': flag('make a new key first, one that opens no earlier file'),
  },
  example: 'plan.pdf plan.pdf.age --state /var/lib/keystair-agent',
  check: checkOut,
  run: async (context, { from, to }, { state, force, algorithm, 'new-identity': newIdentity }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    await sayPartsLeft(context.terminal, to);
    const { key } = await agent.encryptFile({ state, from, to, force, stop, algorithm, newIdentity });
    return fileOutcome('Encrypted', key, to);
  },
});

const decryptFile = command({
  summary: 'decrypt a file, whichever device of the organisation encrypted it',
  positionals: { from: IN, to: OUT },
  options: { ...STATE, ...FORCE },
  example: 'plan.pdf.age plan.pdf --state /var/lib/keystair-agent',
  check: checkOut,
  run: async (context, { from, to }, { state, force }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    await sayPartsLeft(context.terminal, to);
    const { key } = await agent.decryptFile({ state, from, to, force, stop });
    return fileOutcome('Decrypted', key, to);
  },
});

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
    name: notYet('MAPPER', 'open it under this name', 'prove that it opens with --test'),
    test: flag('only prove that it would open'),
  },
  example: '/dev/sdb --test --state /var/lib/keystair-agent',
  check: (_values, { test }) => {
    if (!test) throw new UsageError('say what to do with the drive: --test');
  },
  run: async (context, { path }, { state }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    const { copiesAgree, ...document } = await agent.testDrive({ state, path, stop });
    const { key, keyslot, source } = document;
    const opens = `The drive opens: key ${key} in keyslot ${keyslot}, obtained from ${sourceWords(source)}.`;
    return { document, lines: copiesAgree ? [opens] : [opens, ONE_COPY_LEFT] };
  },
});

const adoptDrive = command({
  summary: 'take an existing LUKS drive into custody by adding a keyslot; what opened it before still does',
  positionals: { path: PATH },
  options: {
    ...STATE,
    'password-file': text('F', 'a file that holds a passphrase of the drive; without it you are asked'),
    label: nameOption("a label to find it by; else the drive's own", 'L'),
  },
  example: '/dev/sdb --state /var/lib/keystair-agent --password-file passphrase',
  run: async (context, { path }, { state, 'password-file': file, label }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    const question = { text: 'A passphrase that opens the drive now', twice: false };
    const password = await readPassword(file, context.terminal, question);
    const document = await agent.adoptDrive({ state, path, password, label, stop });
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

const takeRecovery = command({
  summary: 'take a recovery password of BitLocker, FileVault or another system into custody',
  positionals: {
    password: {
      placeholder: 'FILE|-',
      help: 'the file with the recovery password, or - for standard input',
    },
  },
  options: {
    ...STATE,
    kind: required(choice(RECOVERY_KINDS, 'of the system that made it')),
    id: required(
      text('ID', 'what a person who needs it will see: the id of the recovery password, a serial number'),
    ),
  },
  example:
    'password --kind bitlocker --id 2D1F3A4B-5C6D-7E8F-9A0B-1C2D3E4F5A6B --state /var/lib/keystair-agent',
  run: async (context, { password }, { state, kind, id }) => {
    const agent = await context.agentProgram();
    const document = await agent.takeRecovery({
      state,
      kind,
      id,
      text: await readRecoveryText(password, context.terminal),
    });
    return {
      document,
      lines: columns([['Key', document.key]]),
      messages: ['In custody. Who may reveal keys finds it by that id: keystair keys list --find ID'],
    };
  },
});

const rotate = commandNotYet({
  summary: 'give a drive a new key, and remove the old keyslot once the new one is proved',
  positionals: { path: PATH },
  options: STATE,
  example: '/dev/sdb --state /var/lib/keystair-agent',
});

export const agentCommands: Noun = {
  summary: 'the network agent on a managed device',
  verbs: {
    enrol,
    heartbeat,
    run,
    status,
    'encrypt-file': encryptFile,
    'decrypt-file': decryptFile,
    'format-drive': formatDrive,
    'adopt-drive': adoptDrive,
    'open-drive': openDrive,
    'take-recovery': takeRecovery,
    rotate,
  },
};
