/** `keystair agent request-file` and `agent use-answer`: a key without a connection. */
import { command, type Noun } from '../command.ts';
import { flag, required, text } from '../options.ts';
import { sayPartsLeft } from '../parts-left.ts';
import { columns } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { AGENT_STATE as STATE } from '../words.ts';

const requestFile = command({
  summary:
    'without a connection: write a request for the key of a file or drive, to carry to an administrator',
  positionals: { path: { placeholder: 'PATH', help: 'an encrypted file, a block device or an image file' } },
  options: {
    ...STATE,
    out: required(text('FILE', 'the request to write')),
    key: text('ID', 'of several keys of a drive: ask for this one'),
    force: flag('replace the file if it exists'),
  },
  example: '/dev/sdb --out laptop.request --state /var/lib/keystair-agent',
  run: async (context, { path }, { state, out, key, force }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    await sayPartsLeft(context.terminal, out);
    const made = await agent.requestFile({ state, path, out, key, force, stop });
    return {
      document: {},
      lines: columns([
        ['Asks for', `the key ${made.key}`],
        ['Code', made.code],
      ]),
      messages: [
        `Bring ${out} to an administrator, who runs: keystair keys answer FILE --reason TEXT --out FILE2`,
        'Let them compare the code. What comes back opens on this device only, once, with: keystair agent use-answer',
      ],
    };
  },
});

const useAnswer = command({
  summary: 'use the answer to a request: decrypt the file that was asked for, or open the drive',
  positionals: {
    answer: { placeholder: 'ANSWER', help: 'the file that came back' },
    from: { placeholder: 'IN|PATH', help: 'the encrypted file, or the drive' },
    to: {
      placeholder: 'OUT',
      help: 'of a file: the file to write, or - for standard output',
      optional: true,
    },
  },
  options: {
    ...STATE,
    name: text('MAPPER', 'of a drive: open it under this name in /dev/mapper'),
    'read-only': flag('with --name: open it so that nothing is written to it'),
    test: flag('of a drive: only prove that it would open'),
    force: flag('replace OUT if it exists'),
  },
  example: 'laptop.answer plan.pdf.age plan.pdf --state /var/lib/keystair-agent',
  check: ({ to }, { test }, json) => {
    if ((to !== undefined) === test)
      throw new UsageError('say what to do: OUT for a file, --test for a drive');
    if (to === '-' && json) throw new UsageError('with --json standard output cannot be OUT; name a file');
  },
  run: async (context, { answer, from, to }, { state, force, name, 'read-only': readOnly }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    if (to !== undefined) {
      await sayPartsLeft(context.terminal, to);
      const { key } = await agent.decryptWithAnswer({ state, answer, from, to, force, stop });
      const piped = to === '-' ? { piped: true as const } : {};
      return { document: {}, lines: [], messages: [`Decrypted with the key ${key}.`], ...piped };
    }
    const job = { state, answer, path: from, name, readOnly, stop };
    const { key, keyslot } = await agent.openDriveWithAnswer(job);
    const done = name === undefined ? 'The drive opens' : `The drive is opened as /dev/mapper/${name}`;
    return { document: {}, lines: [`${done}: key ${key} in keyslot ${keyslot}.`] };
  },
});

export const requestVerbs: Noun['verbs'] = { 'request-file': requestFile, 'use-answer': useAnswer };
