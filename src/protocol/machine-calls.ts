/**
 * The typed client of the machines' protocol, made from the route table over any way to send. Agent and secondary use
 * it over mutual TLS; a simulation hands in a network of its own.
 */
import type { z } from 'zod';
import { type JsonBounds, JsonOutOfBounds, parseJson } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';
import { faultWords, formed } from './forms.ts';
import { type AnswerOf, MACHINE_ROUTES, type MachineRouteName, type RequestOf } from './machine-routes.ts';
import { errorFromProblem } from './problem.ts';
import { checkProtocolVersion, PROTOCOL_HEADER, PROTOCOL_VERSION } from './version.ts';

const CALL_MS_DEFAULT = 15_000;

export interface SendRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** The largest answer to accept. */
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
      maxBytes: route.answerBounds.length,
      idempotent: route.idempotent,
      renewalOnly: name === 'renew',
    });
    const document = documentOf(answer.body, route.answerBounds);
    if (answer.status !== 200) throw errorFromProblem(answer.status, document);
    checkProtocolVersion(answer.headers[PROTOCOL_HEADER], 'server');
    const parsed = formed<z.ZodType>(route.answer, document);
    if (parsed.ok) return parsed.value;
    throw new KeystairError(
      'request-invalid',
      `the server's answer to ${route.path} does not fit the protocol: ${faultWords(parsed.fault, 'the answer')}`,
      { nextStep: 'compare the versions of both sides' },
    );
  }
  return {
    call: (name, request, options = {}) =>
      exchange(name, JSON.stringify(request), 'application/json', options) as Promise<never>,
    transmit: (lines, options = {}) =>
      exchange('transmit', lines, JSON_LINES_MEDIA_TYPE, options) as Promise<never>,
  };
}

function documentOf(body: Uint8Array, bounds: JsonBounds): unknown {
  try {
    const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
    return parseJson(text, bounds);
  } catch (error) {
    if (!(error instanceof JsonOutOfBounds)) return undefined;
    throw new KeystairError('request-too-large', `the server's answer has ${error.message}`, {
      nextStep: 'check that it is a Keystair server of a neighbouring release',
    });
  }
}
