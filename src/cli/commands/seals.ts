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
import { ADDRESSED_SERVER, ASKED_SERVER, count } from '../words.ts';

const KINDS = ['passphrase', 'key-file', 'pkcs11'] as const;

export const seals = command({
  summary: 'list what opens the server: key files, passphrases, tokens, recovery shares',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address }) => {
    const answer = await (await context.connect(address))('listSeals', {});
    const warnings = answer.warnings.map(noticeWords);
    return { document: { ...answer, warnings }, lines: sealLines(answer.seals), messages: warnings };
  },
});

export const addSeal = command({
  summary: 'add a way to open the server, while it runs; it must prove that it opens it',
  positionals: { kind: { placeholder: KINDS.join('|'), help: 'the kind of seal' } },
  options: {
    ...ASKED_SERVER,
    'password-file': text('F', "a file that holds the passphrase, or the token's PIN; asked for otherwise"),
    'token-label': text('LABEL', 'with pkcs11: which token'),
    'key-label': text('LABEL', 'with pkcs11: which key on it; made if it does not exist'),
    config: text(
      'FILE',
      'with key-file and pkcs11: the configuration file of the next start, if it is a different one',
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
      throw new UsageError('--token-label and --key-label are only for pkcs11');
    if (kind === 'passphrase' && config !== undefined)
      throw new UsageError('--config is only for key-file and pkcs11');
  },
  run: async (context, { kind }, values) => {
    const {
      data: address,
      'token-label': token = '',
      'key-label': key = '',
      config,
      'password-file': file,
    } = values;
    const client = await context.connect(address);
    const where = config === undefined ? {} : { config };
    const answer = await addThat();
    return {
      document: answer,
      lines: [`The seal ${answer.seal} now opens the server${aboutIt(answer.about)}.`],
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
    'A lost passphrase cannot be recovered; then only another seal, recovery shares or a backup open the server.',
    'Unless another seal opens it automatically, the server starts sealed and waits for: keystair server unseal.',
  ],
  'key-file': ['Keep a copy of it away from the database.'],
  pkcs11: [
    'The server opens automatically if its configuration names the module and a file with the PIN; otherwise use: keystair server unseal --pin.',
  ],
};

export const removeSeal = command({
  summary: 'remove a seal, while the server runs; the last one stays',
  positionals: { seal: { placeholder: 'SEAL', help: 'its id, as keystair server seals shows it' } },
  options: ASKED_SERVER,
  example: 'key-file --data /var/lib/keystair',
  run: async (context, { seal }, { data: address }) => {
    const answer = await (await context.connect(address))('removeSeal', { id: seal });
    return {
      document: answer,
      lines: [
        `The seal ${answer.seal} no longer opens this server; ${count(answer.left, 'other seal')} left.`,
      ],
      messages: [answer.kind === 'key-file' ? KEY_FILE_REMOVED : OTHER_SEAL_REMOVED],
    };
  },
});

const KEY_FILE_REMOVED =
  'This server no longer needs its key file: destroy it and all its copies, but not the key file of another seal (keystair server seals lists them). It still opens older copies of the database.';
const OTHER_SEAL_REMOVED =
  'New backups do not contain it. Older backups and older copies of the database do: it opens a server restored from one of them.';

export const unseal = command({
  summary: 'open a server that started sealed, with its passphrase, the PIN of its token, or recovery shares',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    'password-file': text(
      'F',
      'a file that holds the passphrase, or with --pin the PIN; asked for otherwise',
    ),
    pin: flag('use the token; asks for its PIN'),
    shares: flag('use recovery shares; asks for one after another'),
    'share-file': texts('F', 'a file with one recovery share; repeat it for each share'),
  },
  example: '--data /var/lib/keystair',
  check: (_values, { pin, shares, 'share-file': files, 'password-file': file }) => {
    const ways = Number(pin) + Number(shares || files.length > 0);
    if (ways > 1) throw new UsageError('give either --pin or shares');
    if (file !== undefined && (shares || files.length > 0))
      throw new UsageError('--password-file is not for shares: name each with --share-file');
    if (files.length > RECOVERY_SHARES_MAX) throw new UsageError('too many shares');
  },
  run: async (
    context,
    _values,
    { data: address, pin, shares, 'share-file': files, 'password-file': file },
  ) => {
    const client = await context.connect(address);
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
      lines: [`${answer.server.name} is open (${answer.seal}) and serving.`],
      messages:
        answer.kind === 'recovery'
          ? [
              'Now add a new seal with keystair server add-seal, and remove the lost one with keystair server remove-seal.',
              'If others saw the shares, replace them: keystair server init-recovery.',
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
  summary: 'make a new data key and re-encrypt every record under it, in the background',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address }) => {
    const answer = await (await context.connect(address))('rotateDataKey', {});
    return {
      document: answer,
      lines: [
        `Data key ${answer.dataKey} is now in use; ${count(answer.records, 'record')} are being re-encrypted under it.`,
      ],
      messages: [
        'To see the progress: keystair server status. A stop or a crash does no harm; the next start continues.',
      ],
    };
  },
});
