/** `keystair keys answer`: the key for a device without a connection, sealed so that only that device opens it. */
import { randomBytes } from 'node:crypto';
import { checkNewFile, writeWholeFile } from '#disk/whole-file.ts';
import { keyRequestInvalid, requestCode } from '#domain/key-request.ts';
import { REASON_LENGTH_MAX, REQUEST_BYTES_MAX } from '#domain/limits.ts';
import type { KeyRequest } from '#protocol/people/key-request.ts';
import type { PeopleRequest } from '#protocol/people/people-routes.ts';
import { command, type Outcome } from '../command.ts';
import type { Context } from '../context.ts';
import { flag, remark, required, text } from '../options.ts';
import { sayPartsLeft } from '../parts-left.ts';
import type { ServerAddress } from '../places.ts';
import { readText } from '../secrets.ts';
import { numberedLines, readSpoken } from '../spoken-input.ts';
import { columns } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { APPROVED_SERVER } from '../words.ts';

const random = (bytes: number): Uint8Array => randomBytes(bytes);

async function readRequest(path: string, context: Context): Promise<KeyRequest> {
  const asked = { called: 'the request', question: 'Request', bytesMax: REQUEST_BYTES_MAX };
  const { readKeyRequest } = await import('#protocol/people/key-request.ts');
  const read = readKeyRequest(await readText(path, asked, context.terminal));
  if ('because' in read) throw keyRequestInvalid(read.because);
  return read;
}

async function* inOnePiece(answer: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(answer);
}

/** Its fields as the call takes them. The server knows the device's name. */
async function readSpokenFields(source: string, { terminal }: Context): Promise<Asked> {
  const { readSpokenRequest, SPOKEN_REQUEST_BYTES, spokenRequestId } = await import(
    '#protocol/spoken-request.ts'
  );
  const blocks = await readSpoken(source, 'the spoken request', SPOKEN_REQUEST_BYTES, terminal);
  const { key, claim, recipient, device } = readSpokenRequest(blocks);
  return {
    id: key,
    request: spokenRequestId({ key, recipient }),
    claim,
    recipient,
    device: { id: device, name: device },
  };
}

type Asked = Omit<PeopleRequest<'answerKeyRequest'>, 'reason'>;

async function answerAloud(
  context: Context,
  source: string,
  address: ServerAddress,
  reason: string,
): Promise<Outcome> {
  const asked = await readSpokenFields(source, context);
  const client = await context.connect(address);
  const { answer: blocks, device } = await client('answerKeyRequest', { ...asked, reason });
  const name = device === undefined ? 'which is no device of this server' : device;
  return {
    document: { blocks: blocks.split(/\s/), device: { id: asked.device.id, name: device ?? null } },
    lines: [
      ...columns([
        ['Device', `${name} (${asked.device.id})`],
        ['Asks for', `the key ${asked.id} of a drive`],
      ]),
      ...numberedLines(blocks),
    ],
    messages: [
      'Nobody proved who asks: read the blocks out only to somebody whom you know, or have called back.',
      'When the drive is back where its server is, give it a new key: keystair agent rotate PATH',
    ],
  };
}

export const answer = command({
  summary: 'answer the request of a device without a connection; only that device opens the answer, once',
  positionals: { request: { placeholder: 'FILE|-', help: 'the request, or - for standard input' } },
  options: {
    ...APPROVED_SERVER,
    reason: required(remark('TEXT', 'why it is answered, for the audit log', REASON_LENGTH_MAX)),
    out: text('FILE', 'the file to write, for the device that asked'),
    spoken: flag('the request is in blocks that are read out; so is the answer'),
    force: flag('replace the file if it exists'),
  },
  example:
    'laptop.request --reason "Kari is abroad, ticket 4711" --out laptop.answer --data /var/lib/keystair',
  check: (_values, { out, spoken, force }) => {
    if ((out === undefined) !== spoken) throw new UsageError('say where to: --out FILE, or --spoken');
    if (spoken && force) throw new UsageError('--force goes with --out');
  },
  run: async (context, { request: path }, { data: address, reason, out, force }) => {
    if (out === undefined) return await answerAloud(context, path, address, reason);
    await checkNewFile(out, force);
    await sayPartsLeft(context.terminal, out);
    const { key, request, claim, device, server, recipient, stanzas } = await readRequest(path, context);
    const client = await context.connect(address);
    const given = { request, claim, device, recipient, ...(stanzas === undefined ? {} : { stanzas }) };
    const { answer: sealed } = await client('answerKeyRequest', { id: key, reason, ...given });
    await writeWholeFile({ path: out, force, random }, inOnePiece(sealed));
    return {
      document: {},
      lines: columns([
        ['Device', `${device.name} (${device.id})`],
        ['Its server', `${server.name} (${server.id})`],
        ['Asks for', `the key ${key} of a ${stanzas === undefined ? 'drive' : 'file'}`],
        ['Code', requestCode({ id: request, key, recipient })],
      ]),
      messages: [
        'Nobody proved who asks. Before you hand the answer over, compare the code with the one that the device showed; if they differ, destroy the answer.',
      ],
    };
  },
});
