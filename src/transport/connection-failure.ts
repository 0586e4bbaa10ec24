/**
 * Why a server was not reached, in words and with the next step. Every failure to connect or to exchange leaves here as
 * one of `server-unreachable`, `untrusted-server`, `clock-problem` or `interrupted`.
 */
import { type ErrorCode, KeystairError } from '#domain/errors.ts';

/** One address that did not lead to the server. */
export interface FailedAttempt {
  readonly address: string;
  readonly code: Extract<ErrorCode, 'server-unreachable' | 'untrusted-server' | 'clock-problem'>;
  /** In words, to stand after the address. */
  readonly reason: string;
  readonly cause?: unknown;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'the network is unreachable',
  EACCES: 'a firewall on this machine forbids the connection',
  EPERM: 'a firewall on this machine forbids the connection',
};

const NEXT_STEPS: Readonly<Record<FailedAttempt['code'], string>> = {
  'server-unreachable':
    'check that the server runs, that the address is right, and that no firewall blocks the connection',
  'untrusted-server':
    'check that the address is that of the right server; if that server was set up again, join it with a new invitation',
  'clock-problem':
    'compare the clocks of both machines; if both are right, the certificate renews automatically',
};

/** The system's reason in words, with its code so that people can search for it. */
export function reasonOf(error: unknown): string {
  const code = systemCodeOf(error);
  if (code === undefined) return 'the connection failed';
  const known = REASONS[code];
  if (known !== undefined) return `${known} (${code})`;
  if (code.startsWith('ERR_SSL_')) return `it does not speak TLS 1.3 as Keystair does (${code})`;
  if (code.startsWith('HPE_')) return `it does not speak HTTP (${code})`;
  return `the connection failed (${code})`;
}

export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/**
 * All addresses failed. The most telling failure gives the code: a wrong clock or a server other than the pinned one
 * says more than another silent address.
 */
export function notReached(attempts: readonly FailedAttempt[]): KeystairError {
  if (attempts.length === 0) {
    return new KeystairError('server-unreachable', 'no address of the server is known', {
      nextStep: 'join again with a new invitation',
    });
  }
  const leading =
    attempts.find(({ code }) => code === 'clock-problem') ??
    attempts.find(({ code }) => code === 'untrusted-server') ??
    attempts[0]!;
  const sentence = attempts.map(({ address, reason }) => `${address}: ${reason}`).join('; ');
  return new KeystairError(leading.code, `cannot connect to the server at ${sentence}`, {
    nextStep: NEXT_STEPS[leading.code],
    cause: leading.cause,
    details: { attempts: attempts.map(({ address, code, reason }) => ({ address, code, reason })) },
  });
}

/** The connection broke while a request was under way. */
export function brokenOff(server: string, error: unknown): KeystairError {
  if (error instanceof KeystairError) return error;
  return new KeystairError(
    'server-unreachable',
    `the connection to ${server} broke before the answer was complete: ${reasonOf(error)}`,
    { nextStep: 'try again; if it happens again, check the log of that server', cause: error },
  );
}

export function timedOut(server: string, timeoutMs: number): KeystairError {
  return new KeystairError('server-unreachable', `${server} did not answer within ${timeoutMs} ms`, {
    nextStep: 'try again; if it happens again, check the load and the log of that server',
  });
}

export function interrupted(server: string, cause?: unknown): KeystairError {
  return new KeystairError(
    'interrupted',
    `the request to ${server} was cancelled before its answer was complete`,
    {
      nextStep: 'try again if it is still needed',
      cause,
    },
  );
}

export function answerTooLarge(server: string, maxBytes: number): KeystairError {
  return new KeystairError('request-too-large', `the answer of ${server} is larger than ${maxBytes} bytes`, {
    nextStep: 'check that it is a Keystair server of a neighbouring release',
  });
}

/** The server announces its answer again and again. */
export function onlyAnnounced(server: string): KeystairError {
  return new KeystairError('server-unreachable', `${server} keeps announcing an answer but sends none`, {
    nextStep: 'check that it is a Keystair server, and what lies between it and this machine',
  });
}
