/** A refusal or failure as the server told it, or as the browser met it. */
export interface Step {
  readonly name: string;
  readonly details: Readonly<Record<string, string>>;
}

interface WhatElse {
  readonly nextStep?: string | undefined;
  readonly step?: Step | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

export class Problem extends Error {
  readonly status: number;
  /** As in docs/ERRORS.md; `unreachable` where no answer came. */
  readonly code: string;
  readonly nextStep: string | undefined;
  readonly step: Step | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, detail: string, more: WhatElse = {}) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.nextStep = more.nextStep;
    this.step = more.step;
    this.details = more.details ?? {};
  }
}

const GATEWAY: ReadonlySet<number> = new Set([502, 503, 504]);

/** The problem document of an answer. */
export async function problemFrom(answer: Response): Promise<Problem> {
  try {
    const told = (await answer.json()) as Record<string, unknown>;
    return new Problem(answer.status, String(told['code']), String(told['detail']), {
      nextStep: told['nextStep'] as string | undefined,
      step: told['step'] as Step | undefined,
      details: told['details'] as Record<string, unknown> | undefined,
    });
  } catch {
    // Of a proxy before a server that is away.
    if (GATEWAY.has(answer.status))
      return new Problem(answer.status, 'unreachable', 'the server did not answer');
    return new Problem(answer.status, 'internal', `status ${answer.status}`);
  }
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Problem ? error.code : undefined;
}
