/** `keystair server seals`, `add-seal`, `remove-seal`, `unseal`, `rotate-data-key`. */
import { KeystairError } from '#domain/errors.ts';
import { RECOVERY_SHARE_BYTES_MAX, RECOVERY_SHARES_MAX } from '#domain/limits.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { command } from '../command.ts';
import type { Context } from '../context.ts';
import { askHidden } from '../hidden-prompt.ts';
import { failureWords, noticeWords } from '../next-steps.ts';
import { flag, text, texts } from '../options.ts';
import { sealLines } from '../seal-lines.ts';
import { readPassword, readShareFile } from '../secrets.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, count } from '../words.ts';

const KINDS = ['passphrase', 'key-file', 'pkcs11'] as const;

export const seals = command({
  summary: 'list what opens the server: key files, passphrases, tokens, recovery shares',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data }) => {
    const answer = await (await context.connect(data))('listSeals', {});
    const warnings = answer.warnings.map(noticeWords);
    return { document: { ...answer, warnings }, lines: sealLines(answer.seals), messages: warnings };
  },
});

export const addSeal = command({
  summary: 'let one more thing open the server, while it runs; it has to prove that it does',
  positionals: { kind: { placeholder: KINDS.join('|'), help: 'what is to open it' } },
  options: {
    ...ADDRESSED_SERVER,
    'password-file': text('F', "a file that holds the passphrase, or the token's PIN; asked for otherwise"),
    'token-label': text('LABEL', 'with pkcs11: which token'),
    'key-label': text('LABEL', 'with pkcs11: which key on it; made if it is not there'),
    config: text(
      'FILE',
      'with key-file and pkcs11: the configuration of the next start, where it is another',
    ),
  },
  example: 'passphrase --data /var/lib/keystair',
  check: ({ kind }, { 'token-label': token, 'key-label': key, config }) => {
    if (!KINDS.some((one) => one === kind)) {
      throw new UsageError(`a seal is one of ${KINDS.join(', ')}, not '${kind}'`);
    }
    if (kind === 'pkcs11' && (token === undefined || key === undefined))
      throw new UsageError('pkcs11 needs --token-label LABEL and --key-label LABEL');
    if (kind !== 'pkcs11' && (token !== undefined || key !== undefined))
      throw new UsageError('--token-label and --key-label go with pkcs11 only');
    if (kind === 'passphrase' && config !== undefined)
      throw new UsageError('--config goes with key-file and pkcs11 only');
  },
  run: async (context, { kind }, values) => {
    const { data, 'token-label': token = '', 'key-label': key = '', config, 'password-file': file } = values;
    const client = await context.connect(data);
    const where = config === undefined ? {} : { config };
    const answer = await addThat();
    return {
      document: answer,
      lines: [`The seal ${answer.seal} opens the server from now on${aboutIt(answer.about)}.`],
      messages: NEXT_AFTER_ADDING[kind as (typeof KINDS)[number]],
    };

    async function addThat(): Promise<PeopleAnswer<'addSeal'>> {
      if (kind === 'passphrase') {
        const question = { text: 'New passphrase', twice: true };
        const passphrase = await readPassword(file, context.terminal, question);
        return client('addSeal', { kind, passphrase });
      }
      if (kind === 'key-file') return client('addSeal', { kind, ...where });
      const pin = await pinToAdd(context, file);
      return client('addSeal', {
        kind: 'pkcs11',
        token,
        key,
        ...where,
        ...(pin === undefined ? {} : { pin }),
      });
    }
  },
});

/** Without a person to ask, the PIN is left to the server's own PIN file. */
async function pinToAdd(context: Context, file: string | undefined): Promise<string | undefined> {
  if (file === undefined && !context.terminal.inputIsPerson) return undefined;
  return readPassword(file, context.terminal, { text: "The token's PIN", twice: false });
}

function aboutIt(about: string): string {
  return about === '' ? '' : `: ${about}`;
}

const NEXT_AFTER_ADDING: Readonly<Record<(typeof KINDS)[number], readonly string[]>> = {
  passphrase: [
    'A lost passphrase cannot be recovered; another seal, recovery shares or a backup open the server then.',
    'When no other seal opens it by itself, the server starts sealed and waits for: keystair server unseal.',
  ],
  'key-file': ['Keep a copy of it away from the database.'],
  pkcs11: [
    'The server opens by itself where the configuration names the module and a file with the PIN; else by: keystair server unseal --pin.',
  ],
};

export const removeSeal = command({
  summary: 'let a seal open the server no more, while it runs; the last one stays',
  positionals: { seal: { placeholder: 'SEAL', help: 'its id, as keystair server seals shows it' } },
  options: ADDRESSED_SERVER,
  example: 'key-file --data /var/lib/keystair',
  run: async (context, { seal }, { data }) => {
    const answer = await (await context.connect(data))('removeSeal', { seal });
    return {
      document: answer,
      lines: [`The seal ${answer.seal} opens this server no more; ${count(answer.left, 'other seal')} left.`],
      messages: [answer.kind === 'key-file' ? KEY_FILE_REMOVED : OTHER_SEAL_REMOVED],
    };
  },
});

const KEY_FILE_REMOVED =
  'Its own key file is useless to this server now and may be destroyed, with all copies; not that of another seal, which keystair server seals shows. It still opens older copies of the database.';
const OTHER_SEAL_REMOVED =
  'Backups made from now on do not hold it. Older backups and older copies of the database do: it opens a server that is restored from one of them.';

export const unseal = command({
  summary: 'open a server that started sealed: by passphrase, by the PIN of its token, or by recovery shares',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    'password-file': text(
      'F',
      'a file that holds the passphrase, or with --pin the PIN; asked for otherwise',
    ),
    pin: flag('by the token: asks for its PIN'),
    shares: flag('by recovery shares: asks for one after another'),
    'share-file': texts('F', 'a file with one recovery share; once for each share'),
  },
  example: '--data /var/lib/keystair',
  check: (_values, { pin, shares, 'share-file': files, 'password-file': file }) => {
    const ways = Number(pin) + Number(shares || files.length > 0);
    if (ways > 1) throw new UsageError('unseal by --pin or by shares, not by both');
    if (file !== undefined && (shares || files.length > 0))
      throw new UsageError('--password-file does not go with shares: name each with --share-file');
    if (files.length > RECOVERY_SHARES_MAX) throw new UsageError('there are not so many shares');
  },
  run: async (context, _values, { data, pin, shares, 'share-file': files, 'password-file': file }) => {
    const client = await context.connect(data);
    const state = await client('sealState', {});
    if (!state.sealed) {
      return { document: { server: state.server, seal: null, kind: null }, lines: [NOT_SEALED] };
    }
    const answer =
      shares || files.length > 0
        ? await client('unseal', { shares: await readShares(context, files) })
        : await client('unseal', await readSecret(context, pin, file));
    if (answer.seal === null) return { document: answer, lines: [NOT_SEALED] };
    return {
      document: answer,
      lines: [`${answer.server.name} is open (${answer.seal}) and serves.`],
      messages:
        answer.kind === 'recovery'
          ? [
              'Give it a new seal now: keystair server add-seal, and remove the lost one: keystair server remove-seal.',
              'Shares that were shown to others are worth new ones: keystair server init-recovery.',
            ]
          : [],
    };
  },
});

const NOT_SEALED = 'The server is not sealed; nothing was done.';

async function readSecret(
  context: Context,
  pin: boolean,
  file: string | undefined,
): Promise<{ pin: string } | { passphrase: string }> {
  const question = { text: pin ? "The token's PIN" : 'Passphrase', twice: false };
  const secret = await readPassword(file, context.terminal, question);
  return pin ? { pin: secret } : { passphrase: secret };
}

/** Each share is checked as it is entered, so that a slip costs one share and not all. */
async function readShares(context: Context, files: readonly string[]): Promise<string[]> {
  if (files.length > 0) return await Promise.all(files.map((file) => readShareFile(file)));
  if (!context.terminal.inputIsPerson) {
    throw new UsageError('recovery shares are needed and there is no terminal to ask on', {
      nextStep: 'name each with --share-file FILE',
    });
  }
  const { parseRecoveryShare } = await import('#crypto/seal/recovery-shares.ts');
  const shares: string[] = [];
  let needed = 1;
  while (shares.length < needed) {
    const share = await askHidden(`Recovery share ${shares.length + 1}: `, RECOVERY_SHARE_BYTES_MAX);
    try {
      needed = parseRecoveryShare(share, shares.length + 1).threshold;
      shares.push(share);
    } catch (error) {
      if (!(error instanceof KeystairError) || share === '') throw error;
      context.terminal.say(failureWords(error));
    }
  }
  return shares;
}

export const rotateDataKey = command({
  summary: 'make a new data key and seal every record anew under it, in the background',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data }) => {
    const answer = await (await context.connect(data))('rotateDataKey', {});
    return {
      document: answer,
      lines: [
        `Data key ${answer.dataKey} seals from now on; ${count(answer.records, 'record')} are being sealed anew under it.`,
      ],
      messages: [
        'How far it is: keystair server status. A stop or a crash does no harm; the next start goes on.',
      ],
    };
  },
});
