/**
 * One call that people make: how it travels, everything that it requires of its caller, and the schemas of both bodies.
 * The listener, the typed client, the OpenAPI document and the documentation are all made from these rows.
 */
import type { z } from 'zod';
import type { Act } from '#domain/act.ts';
import type { RequiredRight, RequiredRights } from '#domain/right.ts';

/** Precedes every path. An incompatible table would get another number. */
export const API_PREFIX = '/api/v1';

/** For callers that accept it: lines of JSON, with progress first and the outcome last. */
export const LINES_MEDIA_TYPE = 'application/x-ndjson';

/** Equal for a request and its repetitions, so that the request is carried out once. */
export const IDEMPOTENCY_HEADER = 'idempotency-key';

/** Names the approval that the call uses. */
export const APPROVAL_HEADER = 'keystair-approval';
/** The reason, for approvers, if no field of the call states it; percent-encoded UTF-8. */
export const REASON_HEADER = 'keystair-reason';

/** How a call travels, and what it is. */
export interface CallForm<Request extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Follows the prefix. `{id}` is a field of the request; `restPlace` says where the other fields are. */
  readonly path: string;
  /** One sentence, for the documentation. */
  readonly summary: string;
  readonly request: Request;
  readonly answer: Answer;
  readonly example: z.input<Request>;
}

/** What is edited as a whole: equal fields are one version of it. */
export type Versioned = Readonly<Record<string, unknown>>;

export interface PeopleRoute<Request extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType>
  extends CallForm<Request, Answer> {
  /** The call needs all of them. `signed-in`: every known caller may make it, about themselves. */
  readonly rights: RequiredRights | 'signed-in';
  /**
   * A right that is limited to groups of devices is enough: the call itself keeps to them. Every other call needs its
   * rights everywhere.
   */
  readonly limitable?: true;
  /** The rights that a field of the request needs in addition, where it is given. */
  readonly besides?: Readonly<Partial<Record<string, RequiredRights>>>;
  /** The caller must have signed in during the last minutes. */
  readonly fresh?: true;
  /** A rule may require other people's approval for it. */
  readonly act?: Act;
  /** The session ends with the answer, and the browser forgets its cookie. */
  readonly endsSession?: true;
  /**
   * What of the answer forms its version: all that a change replaces. The version travels as `ETag`, and a change may
   * require it by `If-Match`.
   */
  version?(this: void, answer: z.output<Answer>): Versioned;
  /** The call may take minutes. On request, the caller is answered at once, with the job that carries it out. */
  readonly job?: true;
  /**
   * Repeating the request does it twice, unless both have the same `Idempotency-Key`. Then the repetition gets the
   * first answer again, or is refused if that answer contained a secret, which is not kept.
   */
  readonly repeated?: 'answer' | 'secret';
  /** Fields that contain a secret. They are not kept, and an approval is not bound to them. */
  readonly secrets?: readonly string[];
  /**
   * What travels as bytes instead of JSON: a file as the answer, a file as the request's body, or events as the answer.
   */
  readonly stream?: StreamKind;
  /** The media type of those bytes. A file from the client is accepted with any media type. */
  readonly mediaType?: string;
}

export type StreamKind = 'download' | 'upload' | 'events';

export interface StreamRoute<
  Kind extends StreamKind = StreamKind,
  Request extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> extends Omit<PeopleRoute<Request, Answer>, 'version'> {
  readonly stream: Kind;
  readonly mediaType: string;
  readonly version?: never;
}

/** A call before sign-in. */
export type OpenRoute<Request extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> = CallForm<
  Request,
  Answer
>;

export function row<Request extends z.ZodType, Answer extends z.ZodType>(
  route: Omit<PeopleRoute<Request, Answer>, 'besides'> & {
    readonly besides?: { readonly [Field in keyof z.output<Request>]?: RequiredRights };
  },
): PeopleRoute<Request, Answer> {
  return route;
}

export function streamRow<Kind extends StreamKind, Request extends z.ZodType, Answer extends z.ZodType>(
  route: StreamRoute<Kind, Request, Answer>,
): StreamRoute<Kind, Request, Answer> {
  return route;
}

/** Every right that a call with these fields needs. */
export function rightsNeeded(
  { rights, besides = {} }: Pick<PeopleRoute, 'rights' | 'besides'>,
  fields: object,
): readonly RequiredRight[] {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const first = rights === 'signed-in' ? [] : rights;
  return [...first, ...given.flatMap(([name]) => besides[name] ?? [])];
}

const PATH_FIELD = /\{([a-z]+)\}/g;

/** The fields in the path, in order. */
export function pathFields(path: string): string[] {
  return [...path.matchAll(PATH_FIELD)].map((match) => match[1]!);
}

/** The whole path of one call. */
export function fillPath(path: string, fields: Readonly<Record<string, unknown>>): string {
  return `${API_PREFIX}${path.replaceAll(PATH_FIELD, (_, field: string) => encodeURIComponent(String(fields[field])))}`;
}

/** The whole path in the router's form, with `:id` for `{id}`. */
export function routedPath(path: string): string {
  return `${API_PREFIX}${path.replaceAll(PATH_FIELD, ':$1')}`;
}

/** The names of all fields of a request. */
export function requestFields(request: z.ZodType): readonly string[] {
  const { shape, options } = request as {
    readonly shape?: Readonly<Record<string, unknown>>;
    readonly options?: readonly z.ZodType[];
  };
  return shape === undefined ? (options ?? []).flatMap(requestFields) : Object.keys(shape);
}

/** Where the fields outside the path are. */
export function restPlace(method: CallForm['method']): 'query' | 'body' {
  return method === 'GET' || method === 'DELETE' ? 'query' : 'body';
}
