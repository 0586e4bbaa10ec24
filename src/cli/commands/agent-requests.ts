/** `keystair agent request-file` and `agent use-answer`: a key without a connection. */
import { command, type Noun } from '../command.ts';
import type { Context } from '../context.ts';
import { flag, text } from '../options.ts';
import { sayPartsLeft } from '../parts-left.ts';
import { numberedLines, readSpoken } from '../spoken-input.ts';
import { columns } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { AGENT_STATE as STATE } from '../words.ts';

const requestFile = command({
  summary:
    'without a connection: write a request for the key of a file or drive, to carry to an administrator',
  positionals: { path: { placeholder: 'PATH', help: 'an encrypted file, a block device or an image file' } },
  options: {
    ...STATE,
    out: text('FILE', 'the request to write'),
    spoken: flag('of a drive, instead of a file: show the request in blocks to read out over the telephone'),
    key: text('ID', 'of several keys of a drive: ask for this one'),
    force: flag('replace the file if it exists'),
  },
  example: '/dev/sdb --out laptop.request --state /var/lib/keystair-agent',
  check: (_values, { out, spoken, force }) => {
    if ((out === undefined) !== spoken) throw new UsageError('say where to: --out FILE, or --spoken');
    if (spoken && force) throw new UsageError('--force goes with --out');
  },
  run: async (context, { path }, { state, out, key, force }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    if (out === undefined) {
      const { blocks } = await agent.spokenRequest({ state, path, key });
      return {
        document: { blocks: blocks.split(/\s/) },
        lines: numberedLines(blocks),
        messages: [
          'Read the blocks out to an administrator, who runs: keystair keys answer - --spoken --reason TEXT',
          'Type what is read back to you with: keystair agent use-answer - PATH --spoken, and --name MAPPER or --test',
        ],
      };
    }
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
    answer: {
      placeholder: 'ANSWER',
      help: 'the file that came back; with --spoken a file with the blocks, or - to type them',
    },
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
    spoken: flag('of a drive: the answer is in blocks that were read out'),
    force: flag('replace OUT if it exists'),
  },
  example: 'laptop.answer plan.pdf.age plan.pdf --state /var/lib/keystair-agent',
  check: ({ to }, { test, spoken }, json) => {
    if (spoken && to !== undefined) throw new UsageError('only the key of a drive is read out');
    if ((to !== undefined) === test)
      throw new UsageError('say what to do: OUT for a file, --test for a drive');
    if (to === '-' && json) throw new UsageError('with --json standard output cannot be OUT; name a file');
  },
  run: async (context, { answer, from, to }, { state, force, name, 'read-only': readOnly, spoken }) => {
    const stop = context.stopSignal();
    const agent = await context.agentProgram();
    if (to !== undefined) {
      await sayPartsLeft(context.terminal, to);
      const { key } = await agent.decryptWithAnswer({ state, answer, from, to, force, stop });
      const piped = to === '-' ? { piped: true as const } : {};
      return { document: {}, lines: [], messages: [`Decrypted with the key ${key}.`], ...piped };
    }
    const job = { state, path: from, name, readOnly, stop };
    const { key, keyslot } = spoken
      ? await agent.openDriveWithSpokenAnswer({ ...job, blocks: await readBlocks(context, answer) })
      : await agent.openDriveWithAnswer({ ...job, answer });
    const done = name === undefined ? 'The drive opens' : `The drive is opened as /dev/mapper/${name}`;
    return { document: {}, lines: [`${done}: key ${key} in keyslot ${keyslot}.`] };
  },
});

async function readBlocks({ terminal }: Context, source: string): Promise<string> {
  const { SPOKEN_ANSWER_BYTES } = await import('#crypto/spoken-answer.ts');
  return readSpoken(source, 'the spoken answer', SPOKEN_ANSWER_BYTES, terminal);
}

export const requestVerbs: Noun['verbs'] = { 'request-file': requestFile, 'use-answer': useAnswer };
