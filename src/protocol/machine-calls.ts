/**
 * The typed client of the machines' protocol, made from the route table over any way to send. Agent and secondary use
 * it over mutual TLS; a simulation hands in a network of its own.
 */
import { KeystairError } from '#domain/errors.ts';
import { type AnswerOf, MACHINE_ROUTES, type MachineRouteName, type RequestOf } from './machine-routes.ts';
import { errorFromProblem } from './problem.ts';
import { checkProtocolVersion, PROTOCOL_HEADER, PROTOCOL_VERSION } from './version.ts';

/** The largest answer: an arrival page of 100 receipts of 8 KiB. */
const ANSWER_BYTES_MAX = 2 * 1024 * 1024;
const CALL_MS_DEFAULT = 15_000;

export interface SendRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** The largest answer to take. */
  readonly maxBytes: number;
  /** May be sent again after a kept connection broke. */
  readonly idempotent: boolean;
  /** May go to a peer whose certificate's dates do not fit. */
  readonly renewalOnly: boolean;
}
export type Send = (request: SendRequest) => Promise<{
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}>;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

export interface MachineCalls {
  call<N extends Exclude<MachineRouteName, 'transmit'>>(
    name: N,
    request: RequestOf<N>,
    options?: CallOptions,
  ): Promise<AnswerOf<N>>;
  /** @param lines the whole batch as JSON lines. */
  transmit(lines: Uint8Array, options?: CallOptions): Promise<AnswerOf<'transmit'>>;
}

export const JSON_LINES_MEDIA_TYPE = 'application/jsonl';

export function createMachineCalls(send: Send): MachineCalls {
  async function exchange(
    name: MachineRouteName,
    body: string | Uint8Array,
    contentType: string,
    options: CallOptions,
  ): Promise<unknown> {
    const route = MACHINE_ROUTES[name];
    const answer = await send({
      path: route.path,
      headers: { 'content-type': contentType, [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) },
      body,
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? CALL_MS_DEFAULT,
      maxBytes: ANSWER_BYTES_MAX,
      idempotent: route.idempotent,
      renewalOnly: name === 'renew',
    });
    const document = parseJson(answer.body);
    if (answer.status !== 200) throw errorFromProblem(answer.status, document);
    checkProtocolVersion(answer.headers[PROTOCOL_HEADER], 'server');
    const parsed = route.answer.safeParse(document);
    if (parsed.success) return parsed.data;
    throw new KeystairError(
      'request-invalid',
      `the server's answer to ${route.path} is not of the protocol's form`,
      {
        nextStep: 'compare the versions of both sides',
        cause: parsed.error,
      },
    );
  }
  return {
    call: (name, request, options = {}) =>
      exchange(name, JSON.stringify(request), 'application/json', options) as Promise<never>,
    transmit: (lines, options = {}) =>
      exchange('transmit', lines, JSON_LINES_MEDIA_TYPE, options) as Promise<never>,
  };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}
