/**
 * Failures on the wire: RFC 9457 problem documents. One table maps a code to its HTTP status; nothing else does.
 */
import { z } from 'zod';
import { ERROR_CODES, type ErrorCode, KeystairError } from '#domain/errors.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { SENTENCE_LENGTH_MAX } from '#domain/message-limits.ts';
import { formed, text, whole } from './forms.ts';
import { StepForm } from './told-step.ts';

/** Of a problem document: what a surface may have its own words for. */
export type ProblemCode = ErrorCode;

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/**
 * 500 and above is the server's trouble and goes into its log; all else is for the caller to fix. Grouped as the codes
 * are.
 */
const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  'invalid-argument': 400,
  'not-available-yet': 404,
  'not-found': 404,
  'ambiguous-name': 409,
  'already-exists': 409,
  'changed-meanwhile': 412,
  'group-in-use': 409,
  'policy-invalid': 422,

  'server-not-running': 503,
  'server-unreachable': 502,
  'not-a-member': 403,
  'not-allowed': 403,
  'not-signed-in': 401,
  'sign-in-failed': 401,
  'sign-in-stale': 401,
  'set-up-link-invalid': 403,
  'last-manager': 409,
  'approval-needed': 403,
  'approval-refused': 409,
  'certificate-expired': 403,
  'untrusted-server': 502,
  'invitation-invalid': 403,
  'invitation-expired': 403,
  'invitation-used': 403,
  'already-joined': 409,
  'no-primary': 409,
  'protocol-version': 426,
  'clock-problem': 502,

  'key-unavailable': 404,
  'record-invalid': 422,
  'record-conflict': 409,
  'wrong-claim': 403,
  'batch-discontinuous': 409,
  'batch-incomplete': 400,
  'link-closed': 403,
  'request-too-large': 413,
  'request-invalid': 400,
  later: 429,

  'root-key-missing': 409,
  'root-key-exposed': 409,
  'root-key-wrong': 403,
  'server-sealed': 423,
  'last-seal': 409,
  'pin-wrong': 403,
  'token-unavailable': 502,
  'share-invalid': 422,
  'shares-missing': 422,
  'record-unreadable': 500,
  'row-untrusted': 500,
  'audit-broken': 500,
  'data-in-use': 409,
  'data-newer': 409,
  'data-damaged': 500,
  'data-not-writable': 500,
  'data-exposed': 500,
  'data-moved': 409,
  'database-unreachable': 503,
  'database-refused': 500,
  'database-unsafe': 500,
  'database-rolled-back': 503,
  'outcome-unknown': 503,
  'disk-full': 507,
  'disk-low': 507,
  'sqlite-too-old': 500,
  'path-too-long': 400,

  'password-weak': 422,
  'password-exposed': 409,
  'password-mismatch': 422,
  'export-unreadable': 422,
  'export-invalid': 422,
  'export-version': 422,
  'export-conflict': 409,
  'backup-unreadable': 422,
  'backup-damaged': 422,
  'backup-invalid': 422,
  'file-exists': 409,
  'key-request-invalid': 422,

  'not-enrolled': 409,
  'device-stays': 409,
  'answer-invalid': 422,
  'file-not-encrypted': 422,
  'file-damaged': 422,
  'drive-holds-data': 409,
  'drive-not-luks': 422,
  'drive-no-token': 422,
  'drive-altered': 422,
  'drive-does-not-open': 422,
  'drive-data-missing': 422,
  'tool-missing': 500,
  'tool-failed': 500,
  // The caller has gone, or its body broke off.
  interrupted: 400,
  internal: 500,
};

export const Problem = z.object({
  type: text(NAME_LENGTH_MAX),
  title: text(NAME_LENGTH_MAX),
  status: whole(),
  code: z.enum(ERROR_CODES).catch('internal'),
  detail: text(SENTENCE_LENGTH_MAX),
  nextStep: text(SENTENCE_LENGTH_MAX).optional(),
  step: StepForm,
  details: z.record(text(NAME_LENGTH_MAX), z.unknown()).optional(),
});
export type Problem = z.infer<typeof Problem>;

/** What a failure reveals. Of one without a code, only that it happened: its text may hold anything. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof KeystairError)) {
    return {
      type: 'about:blank',
      title: 'internal',
      status: 500,
      code: 'internal',
      detail: 'the server failed unexpectedly',
      nextStep: "check the server's log",
    };
  }
  const { sentence: detail, ...next } = error.notice;
  return {
    type: `https://keystair.example/errors#${error.code}`,
    title: error.code,
    status: STATUS_OF[error.code],
    code: error.code,
    detail,
    ...next,
    ...(error.details === undefined ? {} : { details: { ...error.details } }),
  };
}

/** The failure that a problem document reports. Anything else becomes `request-invalid` with the status. */
export function errorFromProblem(status: number, body: unknown): KeystairError {
  const parsed = formed(Problem, body);
  if (!parsed.ok) {
    return new KeystairError('internal', `the server answered with status ${status} and no explanation`, {
      nextStep: 'check that it is a Keystair server, and check its log',
    });
  }
  const { code, detail, step, details } = parsed.value;
  const nextStep = step ?? parsed.value.nextStep;
  return new KeystairError(code, detail, {
    ...(nextStep === undefined ? {} : { nextStep }),
    ...(details === undefined ? {} : { details }),
  });
}
