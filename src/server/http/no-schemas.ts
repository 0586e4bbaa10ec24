/**
 * Fastify's option for an application whose routes have no JSON schemas: ours are checked by zod. Where nothing is said,
 * Fastify loads two compilers of schemas with every application, a tenth of a server's start.
 */

function notUsed(): never {
  throw new Error('broken invariant: no route has a JSON schema');
}

export const NO_SCHEMAS = { compilersFactory: { buildValidator: notUsed, buildSerializer: notUsed } };
