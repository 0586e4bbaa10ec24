/** `keystair people set-up`, `change-password`, `change-app`, `recovery-codes`: what people do about their own sign-in. */
import { PATH_LENGTH_MAX } from '#domain/message-limits.ts';
import { command } from '../command.ts';
import { text } from '../options.ts';
import { readPassword, readText } from '../secrets.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, AT_URL, when } from '../words.ts';

const CODES_ONCE =
  'Each of these recovery codes works once in place of a one-time code. Keep them apart from the app; they are shown only now.';

const LINK = { called: 'the set-up link', question: 'Set-up link', bytesMax: PATH_LENGTH_MAX };

export const setUpAccount = command({
  summary: 'with your set-up link: choose a password, add an app for one-time codes, and be signed in',
  positionals: { link: { placeholder: 'FILE|-', help: 'the file with the link, or - for standard input' } },
  options: {
    'password-file': text('F', 'a file that holds the new password; asked for on a terminal otherwise'),
    'otp-file': text(
      'F',
      'a file or pipe from which the code is read once the secret was shown; asked for on a terminal otherwise',
    ),
    fingerprint: AT_URL.fingerprint,
  },
  example: 'link',
  check: ({ link }) => {
    if (/^https?:/.test(link))
      throw new UsageError('a set-up link is no argument: every process list shows arguments', {
        nextStep: 'put it into a file and name that, or give - and pass it on standard input',
      });
  },
  run: async (context, { link }, { 'password-file': passwordFile, 'otp-file': otpFile, fingerprint }) => {
    context.terminal.requireShow();
    const { setUp } = await import('../set-up.ts');
    const given = (await readText(link, LINK, context.terminal)).trim();
    const { url, person, expiresAt, recoveryCodes } = await setUp(
      { link: given, passwordFile, otpFile, fingerprint },
      context,
    );
    return {
      document: { person, expiresAt, recoveryCodes },
      lines: [...recoveryCodes],
      piped: true,
      messages: [CODES_ONCE, `${person.name} is signed in at ${url} until ${when(expiresAt)}.`],
    };
  },
});

export const changePassword = command({
  summary: 'change your own password; your other sessions end',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    'password-file': text('F', 'a file that holds the present password; asked for on a terminal otherwise'),
    'new-password-file': text('F', 'a file that holds the new password; asked for on a terminal otherwise'),
  },
  example: '--url https://keys.example:8444',
  run: async (context, _values, options) => {
    const { data: address, 'password-file': file, 'new-password-file': newFile } = options;
    const client = await context.connect(address);
    const present = { text: 'Present password', twice: false };
    const password = await readPassword(file, context.terminal, present);
    const next = { text: 'New password', twice: true, option: 'new-password-file' };
    const newPassword = await readPassword(newFile, context.terminal, next);
    await client('changePassword', { password, newPassword });
    return { document: {}, lines: ['Your password is changed. Your other sessions are over.'] };
  },
});

export const changeApp = command({
  summary: 'replace the app that makes your one-time codes; your other sessions end',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    'otp-file': text(
      'F',
      'a file or pipe from which the code of the new app is read once the secret was shown; asked for on a terminal otherwise',
    ),
  },
  example: '--url https://keys.example:8444',
  run: async (context, _values, { data: address, 'otp-file': otpFile }) => {
    context.terminal.requireShow();
    const { readCode, showAppSecret } = await import('../sign-in.ts');
    const client = await context.connect(address);
    const { offer, secret, otpauthUri } = await client('offerOneTimeCode', {});
    await showAppSecret(context.terminal, { secret, otpauthUri });
    const code = await readCode(otpFile, context.terminal, 'The code that the new app shows');
    await client('changeOneTimeCode', { offer, code });
    return { document: {}, lines: ['The new app counts from now on. Your other sessions are over.'] };
  },
});

export const recoveryCodes = command({
  summary: 'make new recovery codes for yourself; those from before no longer work',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--url https://keys.example:8444 > recovery-codes',
  run: async (context, _values, { data: address }) => {
    const client = await context.connect(address);
    const document = await client('newRecoveryCodes', {});
    return { document, lines: document.recoveryCodes, piped: true, messages: [CODES_ONCE] };
  },
});
