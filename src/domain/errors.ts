/**
 * The one closed union of failure codes, and the one error class that carries them.
 *
 * Every code is documented in docs/ERRORS.md (a test holds the two together). The message is lower case, has no
 * full stop, and never holds key material; `nextSteps` are what the person reading it should do.
 */
import { type NextStep, type Notice, notice, told } from './step.ts';

export const ERROR_CODES = [
  // wrong use
  'invalid-argument',
  'not-available-yet',
  'not-found',
  'ambiguous-name',
  'already-exists',
  'changed-meanwhile',
  'group-in-use',
  'policy-invalid',
  // connection and membership
  'server-not-running',
  'server-unreachable',
  'not-a-member',
  'not-allowed',
  'not-signed-in',
  'sign-in-failed',
  'sign-in-stale',
  'set-up-link-invalid',
  'last-manager',
  'approval-needed',
  'approval-refused',
  'certificate-expired',
  'untrusted-server',
  'invitation-invalid',
  'invitation-expired',
  'invitation-used',
  'already-joined',
  'no-primary',
  'protocol-version',
  'clock-problem',
  // keys
  'key-unavailable',
  'record-invalid',
  'record-conflict',
  'wrong-claim',
  'batch-discontinuous',
  'batch-incomplete',
  'link-closed',
  'request-too-large',
  'request-invalid',
  'later',
  // custody
  'root-key-missing',
  'root-key-exposed',
  'root-key-wrong',
  'server-sealed',
  'last-seal',
  'pin-wrong',
  'token-unavailable',
  'share-invalid',
  'shares-missing',
  'record-unreadable',
  'row-untrusted',
  'audit-broken',
  'data-in-use',
  'data-newer',
  'data-damaged',
  'data-not-writable',
  'data-exposed',
  'data-moved',
  'database-unreachable',
  'database-refused',
  'database-unsafe',
  'database-rolled-back',
  'outcome-unknown',
  'disk-full',
  'disk-low',
  'sqlite-too-old',
  'path-too-long',
  // manual transfer
  'password-weak',
  'password-mismatch',
  'password-exposed',
  'export-unreadable',
  'export-invalid',
  'export-version',
  'export-conflict',
  'backup-unreadable',
  'backup-damaged',
  'backup-invalid',
  'file-exists',
  'key-request-invalid',
  // on the device
  'not-enrolled',
  'device-stays',
  'answer-invalid',
  'file-not-encrypted',
  'file-damaged',
  'drive-holds-data',
  'drive-not-luks',
  'drive-no-token',
  'drive-altered',
  'drive-does-not-open',
  'drive-data-missing',
  'tool-missing',
  'tool-failed',
  'interrupted',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** A failure with a stable code. Expected outcomes are values, not this. */
export class KeystairError extends Error {
  readonly code: ErrorCode;
  /** What the reader should do next, in this order. */
  readonly nextSteps: readonly NextStep[];
  /** Public facts a program may act on. Never key material. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      nextStep?: NextStep | readonly NextStep[];
      cause?: unknown;
      details?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KeystairError';
    this.code = code;
    this.nextSteps = options.nextStep === undefined ? [] : [options.nextStep].flat();
    this.details = options.details;
  }

  /** The next steps in plain words. */
  get nextStep(): string | undefined {
    return this.nextSteps.length === 0
      ? undefined
      : this.nextSteps.map((next) => told(next).nextStep).join('; ');
  }

  /** For an answer that reports failures. Several next steps are joined in plain words: no surface takes them apart. */
  get notice(): Notice {
    const [first, ...more] = this.nextSteps;
    return notice(this.message, more.length === 0 ? first : this.nextStep);
  }

  /** One sentence for any surface: what happened; what to do. */
  get sentence(): string {
    return this.nextStep === undefined ? this.message : `${this.message}; ${this.nextStep}`;
  }
}

/** A broken invariant: a defect of ours. It crashes, in production too. */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${invariant}`);
}

/** The code of any thrown thing. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof KeystairError ? error.code : 'internal';
}
