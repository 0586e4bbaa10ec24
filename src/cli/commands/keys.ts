/** `keystair keys …`: the encryption keys of a server's repository. Only `reveal` shows material. */
import { KEY_KINDS } from '#domain/key-kind.ts';
import { KEY_STATES } from '#domain/key-state.ts';
import { AGES } from '#domain/list-order.ts';
import { LIST_PAGE_MAX, REASON_LENGTH_MAX } from '#domain/limits.ts';
import type { ListedKey } from '#protocol/people/people-answers.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import type { PeopleAnswer, PeopleRequest } from '#protocol/people/people-routes.ts';
import type { Noun } from '../command.ts';
import { command } from '../command.ts';
import type { Context } from '../context.ts';
import { explainLines, keyLines, keyTable } from '../key-lines.ts';
import { stepWords } from '../next-steps.ts';
import { choice, remark, required, text, time } from '../options.ts';
import { addressOption } from '../places.ts';
import { PackedList, pages } from '../packed-list.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, APPROVED_SERVER } from '../words.ts';
import { answer } from './keys-answer.ts';
import { exportByHand, importByHand } from './keys-by-hand.ts';
import { importRecovery } from './keys-import-recovery.ts';

type Filter = Omit<PeopleRequest<'listKeys'>, 'after' | 'limit'>;

async function everyPage(
  client: PeopleClient,
  filter: Filter,
): Promise<{
  readonly keys: PackedList<ListedKey>;
  readonly unreadable: PeopleAnswer<'listKeys'>['unreadable'];
}> {
  const keys = new PackedList<ListedKey>();
  const unreadable: PeopleAnswer<'listKeys'>['unreadable'] = [];
  for await (const page of pages<PeopleAnswer<'listKeys'>>((behind) =>
    client('listKeys', { ...filter, ...behind, limit: LIST_PAGE_MAX }),
  )) {
    keys.push(page.keys);
    unreadable.push(...page.unreadable);
  }
  return { keys, unreadable };
}

const list = command({
  summary: 'list the keys; never their material',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    device: text('D', 'only keys of this device, by id or name'),
    find: text('TEXT', 'only keys with this text in their id, device name or locator'),
    kind: choice(KEY_KINDS, 'only keys of this kind'),
    state: choice(KEY_STATES, 'only keys that have climbed this far'),
    'not-state': choice(KEY_STATES, 'only keys in any other state'),
    since: time('only keys recorded since then'),
    until: time('only keys recorded before then'),
    order: choice(AGES, 'which keys come first; the oldest by default'),
  },
  example: '--device laptop-17 --data /var/lib/keystair',
  run: async (context, _values, { data: address, ...options }) => {
    const client = await context.connect(address);
    const { device, find, kind, state, 'not-state': notState, since, until, order } = options;
    const { keys, unreadable } = await everyPage(client, {
      device,
      find,
      kind,
      state,
      notState,
      recordedSince: since,
      recordedUntil: until,
      order,
    });
    return {
      document: { keys, ...(unreadable.length === 0 ? {} : { unreadable }) },
      lines: keys.length === 0 ? ['No keys.'] : keyTable(keys),
      messages: unreadable.map(
        ({ id, seq }) =>
          `Key ${id}, number ${seq}, cannot be listed: its row was damaged or altered. To see where it can be recovered from: keystair server verify ${addressOption(address)}`,
      ),
    };
  },
});

const show = command({
  summary: 'show one key; never its material',
  positionals: { id: { placeholder: 'ID', help: 'id of the key' } },
  options: ADDRESSED_SERVER,
  example: '019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071 --data /var/lib/keystair',
  run: async (context, { id }, { data: address }) => {
    const client = await context.connect(address);
    const document = await client('showKey', { id });
    return { document, lines: keyLines(document.key) };
  },
});

const reveal = command({
  summary: "show a key's material; the audit log records who did it and why",
  positionals: { id: { placeholder: 'ID', help: 'id of the key' } },
  options: {
    ...APPROVED_SERVER,
    reason: required(remark('TEXT', 'why it is shown, for the audit log', REASON_LENGTH_MAX)),
  },
  example:
    '019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071 --reason "drive of Kari, ticket 4711" --data /var/lib/keystair',
  run: async (context, { id }, { data: address, reason }) => {
    const client = await context.connect(address);
    const document = await client('revealKey', { id, reason });
    return {
      document,
      lines: [document.material],
      piped: true,
      messages: document.encoding === 'base64' ? ['The material is not text; it is shown in base64.'] : [],
    };
  },
});

/** The key by its id, or as the header of a file or drive names it. */
async function heldKey(
  context: Context,
  id: string | undefined,
  file: string | undefined,
  drive: string | undefined,
): Promise<{ readonly id: string; readonly claim?: string }> {
  if (id !== undefined) return { id };
  const agent = await context.agentProgram();
  return file === undefined ? await agent.heldKeyOfDrive(drive ?? '') : await agent.heldKeyOfFile(file);
}

const explain = command({
  summary: 'explain why a key is or is not available here, and the step that would fix it',
  positionals: { id: { placeholder: 'ID', help: 'id of the key', optional: true } },
  options: {
    ...ADDRESSED_SERVER,
    file: text('PATH', 'instead of an id: an encrypted file'),
    drive: text('PATH', 'instead of an id: an encrypted drive'),
  },
  example: '--file plan.pdf.age --data /var/lib/keystair',
  check: ({ id }, { file, drive }) => {
    if ([id, file, drive].filter((one) => one !== undefined).length !== 1) {
      throw new UsageError('name the key: one of ID, --file PATH and --drive PATH');
    }
  },
  run: async (context, { id }, { data: address, file, drive }) => {
    const key = await heldKey(context, id, file, drive);
    const client = await context.connect(address);
    const { step, about: _, ...result } = await client('explainKey', key);
    const document = { ...result, nextStep: stepWords({ nextStep: result.nextStep, step }) };
    return { document, lines: explainLines(key.id, document) };
  },
});

export const keysCommands: Noun = {
  summary: 'the encryption keys of a server',
  verbs: {
    list,
    show,
    reveal,
    answer,
    explain,
    export: exportByHand,
    import: importByHand,
    'import-recovery': importRecovery,
  },
};
