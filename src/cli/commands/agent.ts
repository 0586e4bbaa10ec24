/** `keystair agent …`: the network agent on a managed device. */
import type { Noun } from '../command.ts';
import { AGE_ALGORITHMS } from '#domain/age-algorithm.ts';
import { RECOVERY_KINDS } from '#domain/recovery-password.ts';
import { command, type Outcome, type Positional } from '../command.ts';
import { noticeWords } from '../next-steps.ts';
import { choice, flag, name as nameOption, required, text } from '../options.ts';
import { readInvitation, readRecoveryText } from '../secrets.ts';
import { sayPartsLeft } from '../parts-left.ts';
import { columns } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { AGENT_STATE as STATE, count, when } from '../words.ts';
import { driveVerbs } from './agent-drives.ts';
import { requestVerbs } from './agent-requests.ts';

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
    await agent.run({ state, stop, words: noticeWords });
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

export const agentCommands: Noun = {
  summary: 'the network agent on a managed device',
  verbs: {
    enrol,
    heartbeat,
    run,
    status,
    'encrypt-file': encryptFile,
    'decrypt-file': decryptFile,
    ...driveVerbs,
    'take-recovery': takeRecovery,
    ...requestVerbs,
  },
};
