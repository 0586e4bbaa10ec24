/**
 * The answers of both listeners, and what each audience learns of a failure. Every refusal is a problem document in our
 * words (RFC 9457), whether a route, the framework or the HTTP parser refused.
 *
 * Invariant: of a failure without a code of ours, only the fact is reported. Nothing that was sent is repeated except
 * names of fields; no stack and no library shows.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { type JsonBounds, JsonOutOfBounds, parseJson } from '#domain/bounded-json.ts';
import { type ErrorCode, KeystairError } from '#domain/errors.ts';
import { REQUEST_HEAD_BYTES_MAX } from '#domain/listener-limits.ts';
import { type NextStep, step } from '#domain/step.ts';
import { faultWords, formed } from '#protocol/forms.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from '#protocol/problem.ts';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#protocol/version.ts';

/** The callers of a listener. */
export interface Audience {
  /** Part of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** The code for a request that cannot be understood. */
  readonly misreadCode: ErrorCode;
  readonly misreadStep: NextStep;
}

export const MACHINES: Audience = {
  headers: { [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) },
  misreadCode: 'request-invalid',
  misreadStep: 'compare the versions of both sides',
};

/** Nothing here is for a cache, to be guessed at, or for the frame of another page. */
const PEOPLE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

export const PEOPLE: Audience = {
  headers: PEOPLE_HEADERS,
  misreadCode: 'invalid-argument',
  misreadStep: step('compare-versions'),
};

/** Failures of requests that no program of ours sends. */
const ODD = new WeakSet<KeystairError>();

/** Marks the failure of a request that may try to get around a check: it is noted, whoever sent it. */
export function odd(failure: KeystairError): KeystairError {
  ODD.add(failure);
  return failure;
}

export function isOdd(failure: KeystairError): boolean {
  return ODD.has(failure);
}

export function misread(audience: Audience, sentence: string): KeystairError {
  return odd(incomplete(audience, sentence));
}

/** Lines break, and programs end: that is nothing odd. */
function incomplete({ misreadCode, misreadStep }: Audience, sentence: string): KeystairError {
  return new KeystairError(misreadCode, sentence, { nextStep: misreadStep });
}

/** Throws a failure that names the malformed field. */
export function requireForm<Form extends z.ZodType>(
  audience: Audience,
  form: Form,
  value: unknown,
): z.output<Form> {
  const asked = formed(form, value);
  if (asked.ok) return asked.value;
  throw misread(audience, faultWords(asked.fault));
}

/** The parser's own messages quote the body, so they are dropped. */
export function requireJson(audience: Audience, text: string, bounds: JsonBounds): unknown {
  return withinBounds(audience, () => {
    try {
      return parseJson(text, bounds);
    } catch (cause) {
      if (cause instanceof JsonOutOfBounds) throw cause;
      throw misread(audience, 'the body of the request is not JSON');
    }
  });
}

/** Does what may throw `JsonOutOfBounds`. Throws `request-too-large` instead. */
export function withinBounds<T>(audience: Audience, counted: () => T): T {
  try {
    return counted();
  } catch (cause) {
    if (!(cause instanceof JsonOutOfBounds)) throw cause;
    throw odd(
      new KeystairError('request-too-large', `the request has ${cause.message}`, {
        nextStep: audience.misreadStep,
      }),
    );
  }
}

export function send(
  reply: FastifyReply,
  audience: Audience,
  status: number,
  mediaType: string,
  document: unknown,
): FastifyReply {
  return sendText(reply, audience, status, mediaType, JSON.stringify(document));
}

export function sendText(
  reply: FastifyReply,
  { headers }: Audience,
  status: number,
  mediaType: string,
  text: string,
): FastifyReply {
  return reply.code(status).headers(headers).header('content-type', mediaType).send(text);
}

/** The last answer of a connection, sent without the framework. */
export function answerProblem(response: ServerResponse, audience: Audience, failure: KeystairError): void {
  const { status, headers, body } = lastAnswer(audience, failure);
  response.writeHead(status, headers);
  response.end(body);
}

/** The same as bytes, if there is no request to reply to. */
export function rawProblem(audience: Audience, failure: KeystairError): string {
  const { status, headers, body } = lastAnswer(audience, failure);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} \r\n${lines.join('')}\r\n${body}`;
}

function lastAnswer({ headers }: Audience, failure: KeystairError) {
  const problem = problemOf(failure);
  const body = JSON.stringify(problem);
  const own = {
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  return { status: problem.status, headers: { ...headers, ...own }, body };
}

const BROKEN_OFF: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection broke before the request was complete',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection broke before the request was complete',
  ERR_HTTP_REQUEST_TIMEOUT: 'the request was not complete in time',
  HPE_INVALID_EOF_STATE: 'the connection broke before the request was complete',
};

/** Our sentences for what the framework and the HTTP parser refuse by themselves. */
const REFUSED_BEFORE_US: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'the path of the request is not well-formed',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the call does not accept a body of this media type',
  FST_ERR_MAX_PARAM_LENGTH: 'a part of the path is too long',
};

/** The failure in our code; undefined for a defect or trouble of this server. */
export function failureOf(audience: Audience, error: unknown): KeystairError | undefined {
  if (error instanceof KeystairError) return error;
  const { code, statusCode } = error as { readonly code?: unknown; readonly statusCode?: unknown };
  if (typeof code !== 'string') return undefined;
  if (code === 'HPE_HEADER_OVERFLOW')
    return tooLarge(`the head of the request has more than ${REQUEST_HEAD_BYTES_MAX} bytes`);
  const broken = BROKEN_OFF[code];
  if (broken !== undefined) return incomplete(audience, broken);
  const sentence = REFUSED_BEFORE_US[code];
  if (sentence !== undefined) return misread(audience, sentence);
  if (code.startsWith('HPE_')) return misread(audience, 'the request is not HTTP/1.1');
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return misread(audience, 'the request is malformed');
  return undefined;
}

export function tooLarge(sentence: string): KeystairError {
  return new KeystairError('request-too-large', sentence, {
    nextStep: 'send less at a time, and compare the versions of both sides',
  });
}

/** For the log: the kind of failure and its place, never a message that could carry what was sent. */
export function whatFailed(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return error instanceof KeystairError
    ? error.sentence
    : `${error.name} ${error.stack?.split('\n')[1]?.trim() ?? ''}`;
}
