/** `keystair agent …`: the network agent on a managed device. */
import type { Noun } from '../command.ts';
import { AGE_ALGORITHMS } from '#domain/file-stanza.ts';
import { command, commandNotYet, type Outcome, type Positional } from '../command.ts';
import { choice, flag, name as nameOption, notYet, place, required, text } from '../options.ts';
import { agentPlace, USUAL_STATE } from '../places.ts';
import { readInvitation } from '../secrets.ts';
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
    name: nameOption('how people call this device; by default the name of the machine'),
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
        `${device.name} (${device.id}) is with the server ${server.name} (${server.id}) now.`,
        ...(keys.needed === 0
          ? []
          : [`${server.name} has every key that this device needs: ${count(keys.needed, 'key')}.`]),
      ],
      messages: ['Next: keep the agent running with: keystair agent run --state DIR'],
    };
  },
});

const heartbeat = command({
  summary: 'one heartbeat to the server',
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
  summary: 'show what the agent knows: its device, its server, its keys',
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
const OUT: Positional = { placeholder: 'OUT', help: 'the file to make, or - for standard output' };

const FORCE = { force: flag('replace OUT where it exists') };

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
    'new-identity': flag('make a new key first, so that it opens no earlier file'),
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
  summary: 'make an encrypted drive (LUKS2); its key is in custody before a byte is written',
  positionals: { path: PATH },
  options: {
    ...STATE,
    label: nameOption('a label by which people find it', 'L'),
    erase: flag('format it although it holds data, which is lost then'),
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
  'Of the two copies of its header one is damaged or older: `cryptsetup repair PATH` writes it anew.';

const openDrive = command({
  summary: 'get the key of a drive and open it, or prove that it would open',
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
    const opens = `The drive opens: key ${key} in keyslot ${keyslot}, had from ${sourceWords(source)}.`;
    return { document, lines: copiesAgree ? [opens] : [opens, ONE_COPY_LEFT] };
  },
});

const adoptDrive = commandNotYet({
  summary: 'take an existing LUKS drive into custody by adding a keyslot',
  positionals: { path: PATH },
  options: {
    ...STATE,
    'password-file': required(text('F', 'a file that holds a passphrase of the drive')),
  },
  example: '/dev/sdb --state /var/lib/keystair-agent --password-file passphrase',
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
  },
};
