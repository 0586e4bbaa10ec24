/**
 * The gate: the one place that checks who calls and what they may do.
 *
 * Invariants: a call without its rights reaches no operation, and no byte of its body is read; each refusal is recorded
 * or counted in the audit log before it is answered. An operation takes a `Caller`, and only `allow` makes one.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { codeOf } from '#domain/errors.ts';
import { type Caller, requireRights, type Person, type RequiredRight } from '#domain/right.ts';
import { type PeopleRoute, rightsNeeded } from '#protocol/people/people-route.ts';
import type { Refusals } from '../../audit/refusals.ts';

/** Throws if the request identifies nobody. */
export type Authenticate = (request: IncomingMessage) => Person | Promise<Person>;

export interface Gate {
  readonly authenticate: Authenticate;
  readonly refusals: Pick<Refusals, 'note'>;
}

/** The proof for a call with these fields. Throws `not-allowed`. */
export type Allow = (fields: object) => Promise<Caller>;

export type Answer = (request: FastifyRequest, reply: FastifyReply, allow: Allow) => Promise<FastifyReply>;

/** Puts one call behind the gate. */
export function addCall(
  app: FastifyInstance,
  gate: Gate,
  name: string,
  route: Pick<PeopleRoute, 'method' | 'path' | 'rights' | 'besides'>,
  answer: Answer,
): void {
  const people = new WeakMap<FastifyRequest, Person>();
  app.route({
    method: route.method,
    url: route.path,
    onRequest: async (request) => {
      const person = await gate.authenticate(request.raw);
      await requireOrNote(gate, name, person, route.rights);
      people.set(request, person);
    },
    handler: (request, reply) =>
      // The rights that a field needs in addition are known once the fields are.
      answer(request, reply, (fields) =>
        requireOrNote(gate, name, people.get(request)!, rightsNeeded(route, fields)),
      ),
  });
}

async function requireOrNote(
  { refusals }: Gate,
  route: string,
  person: Person,
  rights: readonly RequiredRight[],
): Promise<Caller> {
  try {
    return requireRights(person, rights);
  } catch (error) {
    const code = codeOf(error);
    const by = person.name;
    await refusals.note(by, code, { event: 'call-refused', by, caller: by, code, route });
    throw error;
  }
}
