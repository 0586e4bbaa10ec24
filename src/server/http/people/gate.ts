/**
 * The gate: the one place that checks who calls and what they may do.
 *
 * Invariants: a call without its rights reaches no operation, and no byte of its body is read. Each refusal is recorded
 * or counted in the audit log before it is answered. An operation takes a `Caller`, and only `allow` makes one.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AskedAct } from '#domain/approval.ts';
import { codeOf, type ErrorCode, KeystairError } from '#domain/errors.ts';
import { REASON_LENGTH_MAX } from '#domain/limits.ts';
import {
  type Caller,
  type Person,
  type RequiredRight,
  requireFreshSignIn,
  requireRights,
  RIGHTS,
  type UsedApproval,
} from '#domain/right.ts';
import { requireScopeKept } from '#domain/scope.ts';
import { step } from '#domain/step.ts';
import { Uuid } from '#protocol/fields.ts';
import { remark } from '#protocol/forms.ts';
import {
  APPROVAL_HEADER,
  REASON_HEADER,
  type PeopleRoute,
  rightsNeeded,
  routedPath,
} from '#protocol/people/people-route.ts';
import type { GivenApproval } from '../../approvals/require-approval.ts';
import type { Refusals } from '../../audit/refusals.ts';
import type { Clock, Log } from '../../environment/environment.ts';
import { PEOPLE, requireForm } from '../replies.ts';

/**
 * Throws `not-signed-in` if the request identifies nobody.
 *
 * @param purpose `look` for a call under way: it does not count as use of the session, which may expire meanwhile.
 */
export type Authenticate = (request: IncomingMessage, purpose: 'use' | 'look') => Person | Promise<Person>;

export interface Approvals {
  /**
   * Resolves if no rule requires approval, or after using the given approval, if it is still valid.
   *
   * Throws `approval-needed`, `approval-refused`.
   */
  require(caller: Caller, asked: AskedAct, given: GivenApproval): Promise<UsedApproval | undefined>;
}

export interface Gate {
  readonly authenticate: Authenticate;
  readonly refusals: Pick<Refusals, 'note'>;
  readonly approvals: Approvals;
  readonly clock: Clock;
  /** Names those who can give a right. */
  readonly giversOf?: ((right: RequiredRight) => Promise<readonly string[]>) | undefined;
  /** Notes a finished call and its duration. */
  readonly noteCall?: ((operation: string, status: number, seconds: number) => void) | undefined;
}

/** Makes the proof for a call with these fields. Throws `not-allowed`, `approval-needed`. */
export type Allow = (fields: object) => Promise<Caller>;

/**
 * For a long call: judges again who calls and what they may do, at most once a second. Throws `not-signed-in`,
 * `not-allowed`.
 *
 * @returns the caller, with the rights they have now.
 */
export type StillAllowed = () => Promise<Caller>;

export type Answer = (
  request: FastifyRequest,
  reply: FastifyReply,
  allow: Allow,
  stillAllowed: StillAllowed,
) => Promise<FastifyReply>;

/** A call under way is judged again only after this time, because judging costs some reads. */
const JUDGED_MS = 1000;

export type GuardedRoute = Pick<
  PeopleRoute,
  'method' | 'path' | 'rights' | 'besides' | 'limitable' | 'fresh' | 'act' | 'secrets' | 'stream'
>;

/** Who was known when a request began. */
const people = new WeakMap<FastifyRequest, Person>();
/** One name for all whom nobody knows: however many they are, their oddities are counted as one. */
const STRANGER = 'somebody unknown';

/** Notes a request that was refused for its form or its origin: in the audit log, counted where it repeats. */
export function noteOdd(
  { refusals }: Pick<Gate, 'refusals'>,
  log: Log,
  request: FastifyRequest,
  code: ErrorCode,
): void {
  const by = people.get(request)?.name ?? STRANGER;
  const route = `${request.method} ${request.routeOptions.url ?? 'to nothing that is here'}`;
  // Nothing was given, so the answer does not wait for it.
  refusals.note(by, code, { event: 'call-refused', by, caller: by, code, route }).catch((error: unknown) => {
    log.warn({ event: 'refusal-not-noted', code: codeOf(error) }, 'a refused request could not be noted');
  });
}

/** Puts one call behind the gate. @param url where it is served, if not under the API's prefix. */
export function addCall(
  app: FastifyInstance,
  gate: Gate,
  name: string,
  route: GuardedRoute,
  answer: Answer,
  url: string = routedPath(route.path),
): void {
  const where = route.limitable === true ? 'somewhere' : 'everywhere';
  app.route({
    method: route.method,
    url,
    onRequest: async (request, { raw }) => {
      const { noteCall } = gate;
      if (noteCall !== undefined) {
        const begun = performance.now();
        raw.once('close', () => noteCall(name, raw.statusCode, (performance.now() - begun) / 1000));
      }
      const person = await gate.authenticate(request.raw, 'use');
      await orNote(gate, name, person, () => {
        requireRights(person, rightsNeeded(route, {}), where);
        if (route.fresh === true) requireFreshSignIn(person, gate.clock());
      });
      people.set(request, person);
    },
    handler: (request, reply) => {
      const person = people.get(request)!;
      let given: object = {};
      let caller: Caller | undefined;
      // The rights that single fields need are known only now.
      const allow: Allow = (fields) => {
        given = fields;
        return orNote(gate, name, person, async () => {
          caller = requireRights(person, rightsNeeded(route, fields), where);
          if (route.act !== undefined) {
            const parameters = publicFields(fields, route.secrets);
            const asked = { act: route.act, operation: name, parameters };
            const approval = await gate.approvals.require(caller, asked, givenWith(request));
            return approval === undefined ? caller : { ...caller, approval };
          }
          return caller;
        });
      };
      const movesFile = route.stream === 'download' || route.stream === 'upload';
      let judgedAt = gate.clock();
      const stillAllowed: StillAllowed = async () => {
        const now = gate.clock();
        if (caller !== undefined && now >= judgedAt && now - judgedAt < JUDGED_MS) return caller;
        judgedAt = now;
        const still = await gate.authenticate(request.raw, movesFile ? 'use' : 'look');
        const needed = rightsNeeded(route, given);
        caller = await orNote(gate, name, still, () => {
          const allowed = requireRights(still, needed, where);
          // A stream of events tells what may be seen now. All else goes on for what it began with, or not at all.
          if (caller !== undefined && route.stream !== 'events') requireScopeKept(caller, allowed, needed);
          return allowed;
        });
        return caller;
      };
      return answer(request, reply, allow, stillAllowed);
    },
  });
}

function publicFields(fields: object, secrets: readonly string[] = []): Record<string, unknown> {
  const given = Object.entries(fields).filter(
    ([name, value]) => value !== undefined && !secrets.includes(name),
  );
  return Object.fromEntries(given);
}

function givenWith({ headers }: FastifyRequest): GivenApproval {
  const approval = headers[APPROVAL_HEADER];
  const reason = headers[REASON_HEADER];
  return {
    ...(approval === undefined ? {} : { approval: requireForm(PEOPLE, Uuid, approval) }),
    ...(reason === undefined ? {} : { reason: requireForm(PEOPLE, Reason, decoded(reason)) }),
  };
}

const Reason = remark(REASON_LENGTH_MAX);

function decoded(header: string | string[]): unknown {
  try {
    return typeof header === 'string' ? decodeURIComponent(header) : undefined;
  } catch {
    return undefined;
  }
}

async function orNote<Outcome>(
  { refusals, giversOf }: Gate,
  route: string,
  person: Person,
  judge: () => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  try {
    return await judge();
  } catch (error) {
    const code = codeOf(error);
    const by = person.name;
    await refusals.note(by, code, { event: 'call-refused', by, caller: by, code, route });
    throw giversOf === undefined ? error : await withGivers(error, person, giversOf);
  }
}

/** Callers who may see people are told whom to ask; others are not shown names. */
async function withGivers(
  error: unknown,
  { rights }: Person,
  giversOf: NonNullable<Gate['giversOf']>,
): Promise<unknown> {
  if (!(error instanceof KeystairError) || error.code !== 'not-allowed') return error;
  const { area, right } = error.details ?? {};
  const missing = RIGHTS.find((one) => one.area === area && one.right === right);
  const maySee = rights.some((one) => one.area === 'People' && one.right === 'Read');
  if (missing === undefined || !maySee) return error;
  const names = await giversOf(missing);
  const people = names.length === 0 ? 'the owner of the data directory' : names.join(', ');
  return new KeystairError(error.code, error.message, {
    nextStep: step('ask-givers', { people }),
    details: error.details ?? {},
    cause: error,
  });
}
