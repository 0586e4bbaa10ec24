/**
 * The OpenAPI 3.1 document of the people's API, made only from the route tables: an operation's id is its row's name,
 * and its schemas are those by which the server checks calls.
 *
 * https://spec.openapis.org/oas/v3.1.0
 */
import { z } from 'zod';
import { PROBLEM_MEDIA_TYPE, Problem } from '../problem.ts';
import { PROGRAM_VERSION } from '../version.ts';
import { PEOPLE_ROUTES } from './people-routes.ts';
import { PREFER_JOB } from './routes/jobs.ts';
import {
  API_PREFIX,
  APPROVAL_HEADER,
  type CallForm,
  IDEMPOTENCY_HEADER,
  pathFields,
  type PeopleRoute,
  restPlace,
} from './people-route.ts';
import { SIGN_IN_ROUTES } from './sign-in-routes.ts';

type Json = Readonly<Record<string, unknown>>;
type Schemas = Record<string, Json>;

export interface OpenApi {
  readonly openapi: '3.1.0';
  readonly info: Json;
  readonly servers: readonly Json[];
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Json;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly Json[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Json;
  readonly responses: Json;
  /** Every right that the call needs, and the further rights that single fields need. */
  readonly 'x-rights'?: unknown;
  readonly 'x-rights-besides'?: unknown;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Json;
  readonly example?: unknown;
}

const INFO = {
  title: 'Keystair',
  version: PROGRAM_VERSION,
  description:
    'What people and scripts may do on one Administration Server. A service account sends its key as a bearer token, a browser the cookie of its session. Every failure is a problem document (RFC 9457) whose `code` stays the same.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};

const SECURITY_SCHEMES = {
  serviceAccount: { type: 'http', scheme: 'bearer', description: 'The key of a service account.' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-keystair-SERVER-ID',
    description: 'The session of a person who signed in. A call that changes something also sends `Origin`.',
  },
};

export function openApiDocument(): OpenApi {
  const schemas: Schemas = { Problem: schemaOf(Problem, 'output', 'Problem', {}) };
  const paths: Record<string, Record<string, Operation>> = {};
  const add = (route: CallForm, operation: Operation): void => {
    const path = `${API_PREFIX}${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation };
  };
  for (const [name, route] of Object.entries<CallForm>(SIGN_IN_ROUTES))
    add(route, { ...operationOf(name, route, schemas), security: [{}] });
  for (const [name, route] of Object.entries<PeopleRoute>(PEOPLE_ROUTES))
    add(route, { ...operationOf(name, route, schemas), ...guardOf(route) });
  const tags = Object.values(paths).flatMap((operations) =>
    Object.values(operations).flatMap((one) => one.tags),
  );
  return {
    openapi: '3.1.0',
    info: INFO,
    servers: [{ url: '/' }],
    tags: [...new Set(tags)].map((name) => ({ name })),
    paths,
    components: { schemas, securitySchemes: SECURITY_SCHEMES, responses: { Problem: PROBLEM_RESPONSE } },
  };
}

const PROBLEM_RESPONSE = {
  description: 'A problem document: `code` says what it is, `nextStep` what to do.',
  content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
};

const READ_VERSION = 'The header `ETag` of the answer is its version.';
const REQUIRED_VERSION =
  'With the version in `If-Match` it is refused (412) if somebody has changed it since; the answer has the new `ETag`.';

/** Bytes have no schema. */
const FILE = { schema: { type: 'string', format: 'binary' } };

function operationOf(
  name: string,
  route: CallForm & Pick<PeopleRoute, 'stream' | 'mediaType'>,
  schemas: Schemas,
): Operation {
  const { stream, mediaType = 'application/json' } = route;
  const example: Readonly<Record<string, unknown>> = { ...(route.example as object) };
  const request = schemaOf(route.request, 'input', `${capital(name)}Request`, schemas);
  const inPath = pathFields(route.path);
  const fields = fieldSchemas(request);
  const parameters: Parameter[] = inPath.map((field) => ({
    name: field,
    in: 'path',
    required: true,
    schema: fields[field] ?? {},
    example: example[field],
  }));
  const rest = Object.entries(fields).filter(([field]) => !inPath.includes(field));
  const inQuery = restPlace(route.method) === 'query';
  if (inQuery) {
    const required = (request['required'] ?? []) as readonly string[];
    for (const [field, schema] of rest)
      parameters.push({
        name: field,
        in: 'query',
        required: required.includes(field),
        schema,
        ...(Object.hasOwn(example, field) ? { example: example[field] } : {}),
      });
  }
  const bodyExample = Object.fromEntries(
    Object.entries(example).filter(([field]) => !inPath.includes(field)),
  );
  const body = withoutFields(request, inPath);
  return {
    operationId: name,
    tags: [route.path.split('/')[1]!],
    summary: route.summary,
    description: route.summary,
    security: [],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(stream === 'upload' ? { requestBody: { required: true, content: { [mediaType]: FILE } } } : {}),
    ...(inQuery || rest.length === 0
      ? {}
      : {
          requestBody: {
            required: ((body['required'] ?? []) as readonly string[]).length > 0,
            content: { 'application/json': { schema: body, example: bodyExample } },
          },
        }),
    responses: {
      200: {
        description: 'Done.',
        content:
          stream === 'download' || stream === 'events'
            ? { [mediaType]: FILE }
            : {
                'application/json': {
                  schema: schemaOf(route.answer, 'output', `${capital(name)}Answer`, schemas),
                },
              },
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

/** What the call requires of its caller, for programs and as a sentence. */
function guardOf({ method, summary, rights, besides, fresh, act, job, repeated, version }: PeopleRoute) {
  const rightNames = rights === 'signed-in' ? [] : rights.map(({ area, right }) => `${right} on “${area}”`);
  const needs = [
    rightNames.length === 0 ? 'Needs a sign-in, and no right.' : `Needs ${rightNames.join(' and ')}.`,
    ...Object.entries(besides ?? {}).map(
      ([field, more]) =>
        `With \`${field}\` it also needs ${more!.map(({ area, right }) => `${right} on “${area}”`).join(' and ')}.`,
    ),
    ...(fresh === true ? ['Wants a sign-in of the last five minutes.'] : []),
    ...(act === undefined
      ? []
      : [`A rule for \`${act}\` may ask for approval: the header \`${APPROVAL_HEADER}\` then names it.`]),
    ...(job === true
      ? [
          `It may take minutes: with \`Prefer: ${PREFER_JOB}\` the answer is 202 and a job, as \`showJob\` shows it.`,
        ]
      : []),
    ...(version === undefined ? [] : [method === 'GET' ? READ_VERSION : REQUIRED_VERSION]),
    ...(repeated === undefined
      ? []
      : [
          `A repetition with the same \`${IDEMPOTENCY_HEADER}\` within a day ${repeated === 'answer' ? 'is answered as the first request was' : 'is refused, as the answer holds a secret that is not kept'}.`,
        ]),
  ];
  return {
    description: `${summary} ${needs.join(' ')}`,
    security: [{ serviceAccount: [] }, { session: [] }],
    ...(rights === 'signed-in' ? {} : { 'x-rights': rights }),
    ...(besides === undefined ? {} : { 'x-rights-besides': besides }),
    ...(act === undefined ? {} : { 'x-act': act }),
    ...(fresh === true ? { 'x-fresh-sign-in': true } : {}),
  };
}

/**
 * Makes one schema. Its own definitions, for recursive forms, move to the document's components, because references
 * start at the document's root.
 */
function schemaOf(form: z.ZodType, io: 'input' | 'output', name: string, schemas: Schemas): Json {
  const made = z.toJSONSchema(form, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => tell(zodSchema, jsonSchema, io),
  }) as Record<string, unknown>;
  const { $schema: _, $defs, ...schema } = made;
  const prefix = `#/components/schemas/${name}.`;
  for (const [inner, defined] of Object.entries(($defs ?? {}) as Schemas))
    schemas[`${name}.${inner}`] = rebased(defined, prefix) as Json;
  return rebased(schema, prefix) as Json;
}

/** A schema whose references to its own definitions start with the prefix. */
function rebased(value: unknown, prefix: string): unknown {
  if (Array.isArray(value)) return value.map((one) => rebased(one, prefix));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === '$ref' && typeof inner === 'string'
        ? [key, inner.replace('#/$defs/', prefix)]
        : [key, rebased(inner, prefix)],
    ),
  );
}

/** Adjusts a schema: a number in a query travels as text, and a later release may add fields to answers. */
function tell(zodSchema: unknown, jsonSchema: Record<string, unknown>, io: 'input' | 'output'): void {
  if (io === 'output') delete jsonSchema['additionalProperties'];
  const { def } = (zodSchema as { readonly _zod: { readonly def: Record<string, unknown> } })._zod;
  if (io === 'input' && def['coerce'] === true && Object.keys(jsonSchema).length === 0)
    jsonSchema['type'] = 'integer';
}

function fieldSchemas(request: Json): Schemas {
  if (request['properties'] !== undefined) return request['properties'] as Schemas;
  const choices = (request['oneOf'] ?? request['anyOf'] ?? []) as readonly Json[];
  return Object.assign({}, ...choices.map(fieldSchemas)) as Schemas;
}

function withoutFields(request: Json, names: readonly string[]): Json {
  if (names.length === 0 || request['properties'] === undefined) return request;
  const properties = Object.fromEntries(
    Object.entries(request['properties'] as Schemas).filter(([name]) => !names.includes(name)),
  );
  const required = ((request['required'] ?? []) as readonly string[]).filter((name) => !names.includes(name));
  const { required: _, ...rest } = request;
  return { ...rest, properties, ...(required.length === 0 ? {} : { required }) };
}

function capital(name: string): string {
  return `${name[0]!.toUpperCase()}${name.slice(1)}`;
}
