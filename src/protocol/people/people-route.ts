/** One call that people make: how it travels, which rights it needs, and the schemas of both bodies. */
import type { z } from 'zod';
import type { RequiredRight, RequiredRights } from '#domain/right.ts';

export interface PeopleRoute<Request extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Its `:name` parts are fields of the request. All other fields are where `restPlace` says. */
  readonly path: string;
  /** The call needs all of them. */
  readonly rights: RequiredRights;
  /** The rights that a field of the request needs in addition, where it is given. */
  readonly besides?: Readonly<Partial<Record<string, RequiredRights>>>;
  readonly request: Request;
  readonly answer: Answer;
}

export function peopleRoute<Request extends z.ZodType, Answer extends z.ZodType>(
  method: PeopleRoute['method'],
  path: string,
  rights: RequiredRights,
  request: Request,
  answer: Answer,
  besides: { readonly [Field in keyof z.output<Request>]?: RequiredRights } = {},
): PeopleRoute<Request, Answer> {
  return { method, path, rights, besides, request, answer };
}

/** Every right that a call with these fields needs. */
export function rightsNeeded(
  { rights, besides = {} }: Pick<PeopleRoute, 'rights' | 'besides'>,
  fields: object,
): readonly RequiredRight[] {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return [...rights, ...given.flatMap(([name]) => besides[name] ?? [])];
}

const PATH_FIELD = /:([a-z]+)/g;

/** The fields in the path, in order. */
export function pathFields(path: string): string[] {
  return [...path.matchAll(PATH_FIELD)].map((match) => match[1]!);
}

/** The path of one call. */
export function fillPath(path: string, fields: Readonly<Record<string, unknown>>): string {
  return path.replaceAll(PATH_FIELD, (_, field: string) => encodeURIComponent(String(fields[field])));
}

/** Where the fields are that the path does not hold. */
export function restPlace(method: PeopleRoute['method']): 'query' | 'body' {
  return method === 'GET' || method === 'DELETE' ? 'query' : 'body';
}
