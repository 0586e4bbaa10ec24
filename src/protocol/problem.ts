/**
 * Failures on the wire: RFC 9457 problem documents. One table maps a code to its HTTP status; nothing else does.
 */
import { z } from 'zod';
import { ERROR_CODES, type ErrorCode, KeystairError } from '#domain/errors.ts';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

const STATUS_OF: Partial<Record<ErrorCode, number>> = {
  'invalid-argument': 400,
  'request-invalid': 400,
  'batch-incomplete': 400,
  'record-invalid': 422,
  'password-weak': 422,
  'export-unreadable': 422,
  'export-invalid': 422,
  'export-version': 422,
  'backup-unreadable': 422,
  'backup-damaged': 422,
  'backup-invalid': 422,
  'invitation-invalid': 403,
  'invitation-expired': 403,
  'invitation-used': 403,
  'not-a-member': 403,
  'not-allowed': 403,
  'certificate-expired': 403,
  'wrong-claim': 403,
  'link-closed': 403,
  'not-found': 404,
  'key-unavailable': 404,
  'not-available-yet': 404,
  'no-primary': 409,
  'root-key-wrong': 403,
  'pin-wrong': 403,
  'share-invalid': 422,
  'shares-missing': 422,
  'last-seal': 409,
  'server-sealed': 423,
  'token-unavailable': 502,
  'ambiguous-name': 409,
  'already-exists': 409,
  'already-joined': 409,
  'record-conflict': 409,
  'batch-discontinuous': 409,
  'export-conflict': 409,
  'device-stays': 409,
  'request-too-large': 413,
  'protocol-version': 426,
  later: 429,
  'disk-full': 507,
  'disk-low': 507,
  'server-unreachable': 502,
  'untrusted-server': 502,
  'clock-problem': 502,
};

export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.enum(ERROR_CODES).catch('internal'),
  detail: z.string(),
  nextStep: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof Problem>;

function statusOf(code: ErrorCode): number {
  return STATUS_OF[code] ?? 500;
}

/** What is told of a failure. Of a failure without a code only that it happened: its text may hold anything. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof KeystairError)) {
    return {
      type: 'about:blank',
      title: 'internal',
      status: 500,
      code: 'internal',
      detail: 'the server failed inside',
      nextStep: "look at the server's log",
    };
  }
  return {
    type: `https://keystair.example/errors#${error.code}`,
    title: error.code,
    status: statusOf(error.code),
    code: error.code,
    detail: error.message,
    ...(error.nextStep === undefined ? {} : { nextStep: error.nextStep }),
    ...(error.details === undefined ? {} : { details: { ...error.details } }),
  };
}

/** The failure a problem document tells of. Anything else becomes `request-invalid` with the status. */
export function errorFromProblem(status: number, body: unknown): KeystairError {
  const parsed = Problem.safeParse(body);
  if (!parsed.success) {
    return new KeystairError('internal', `the server answered with status ${status} and no explanation`, {
      nextStep: 'make sure that it is a Keystair server, and look at its log',
    });
  }
  const { code, detail, nextStep, details } = parsed.data;
  return new KeystairError(code, detail, {
    ...(nextStep === undefined ? {} : { nextStep }),
    ...(details === undefined ? {} : { details }),
  });
}
