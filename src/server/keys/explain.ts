/**
 * Why a key can or cannot be had here: the trace of a lookup, server by server, and its likely outcome. No key moves.
 */
import { claimFromText } from '#domain/claim.ts';
import { isVersion7, uuidAsTyped } from '#domain/uuid.ts';
import { codeOf } from '#domain/errors.ts';
import type { LinkVerdict } from '#domain/hierarchy.ts';
import { LOOKUP_DEADLINE_MS_DEFAULT } from '#domain/limits.ts';
import type { LookupReason } from '#domain/lookup-reason.ts';
import { explainRefusal } from '#domain/lookup.ts';
import { type Caller, read } from '#domain/right.ts';
import { type Scope, scopeOf } from '#domain/scope.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { Member } from '#domain/member.ts';
import { told, type ToldStep } from '#domain/step.ts';
import type { AnswerOf, RequestOf } from '#protocol/machine-routes.ts';
import type { ExplainAnswer } from '#protocol/messages.ts';
import type { ExplainStep } from '#protocol/explain-step.ts';
import type { ExplainResult } from '#protocol/people/people-answers.ts';
import type { HierarchyPorts } from '../hierarchy/ports.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import { readPrimary } from '../hierarchy/primary/primary-row.ts';
import { judgeSecondary, type Refused } from '../hierarchy/secondaries/judge-secondary.ts';
import { readOptions } from '../repository/settings.ts';
import { findKey } from './list-keys.ts';
import type { Lookups, TraceOutcome, TraceQuestion } from './lookup.ts';

export interface ExplainPorts
  extends Pick<HierarchyPorts, 'clock' | 'reported' | 'rows' | 'server' | 'store'> {
  readonly link: PrimaryLink;
  readonly lookups: Lookups;
}

interface Traced {
  readonly outcome: TraceOutcome;
  readonly path: ExplainStep[];
}

/** For an administrator: the whole way, a verdict, and the next step. */
export async function explainKey(
  ports: ExplainPorts,
  caller: Caller,
  request: { readonly id: string; readonly claim?: string | undefined },
): Promise<ExplainResult> {
  // An id is asked for on the whole way. A name, or a drive's UUID, only helps where the key is.
  // Whoever is limited to groups is told of the keys of their devices, and of no others anywhere.
  const scope = scopeOf(caller, read('Key register'));
  const id = await idMeant(ports, scope, request.id);
  const { outcome, path } = await trace(ports, {
    id,
    claim: request.claim === undefined ? undefined : claimFromText(request.claim),
    asked: [],
    deadline: ports.clock() + LOOKUP_DEADLINE_MS_DEFAULT,
  });
  return { ...inWords(ports.server, outcome), path };
}

async function idMeant(ports: ExplainPorts, scope: Scope, wanted: string): Promise<string> {
  const uuid = scope === 'everywhere' ? uuidAsTyped(wanted) : undefined;
  if (uuid !== undefined && isVersion7(uuid)) return uuid;
  try {
    return (await findKey(ports, scope, wanted)).id;
  } catch (error) {
    if (uuid !== undefined && codeOf(error) === 'not-found') return uuid;
    throw error;
  }
}

/** For a secondary whose trace continues through us. */
export async function explainToSecondary(
  ports: ExplainPorts,
  member: Member,
  request: RequestOf<'explain'>,
): Promise<AnswerOf<'explain'>> {
  const closed = await judgeSecondary(ports, member, request.asked);
  if (closed !== undefined) {
    const { useHierarchy } = await readOptions(ports.rows, ports.store.reader);
    const step = { server: ports.server, option: useHierarchy, has: null };
    const refusal = refusalToWire(closed);
    if (closed.reason === 'option-off' && closed.at.id === ports.server.id)
      return { path: [{ ...step, link: 'option-off' }], refusal };
    const because = closed.reason === 'link-in-dmz' ? 'dmz' : 'option-off';
    return { path: [{ ...step, link: 'none' }], closed: because, refusal };
  }
  const { outcome, path } = await trace(ports, {
    id: request.id,
    claim: request.claim === undefined ? undefined : claimFromText(request.claim),
    asked: request.asked,
    deadline: ports.clock() + request.remainingMs,
  });
  return outcome.outcome === 'found' ? { path } : { path, refusal: refusalToWire(outcome) };
}

function refusalToWire(refused: Refused) {
  return { ...refused, asked: [...refused.asked] };
}

async function trace(ports: ExplainPorts, question: TraceQuestion): Promise<Traced> {
  const { server, store } = ports;
  let told: ExplainStep[] = [];
  const outcome = await ports.lookups.trace(question, (answer) => {
    told = answer.path;
    return outcomeOf(answer, server, [...question.asked, server]);
  });
  const { useHierarchy } = await readOptions(ports.rows, store.reader);
  const has = (await store.reader.keyById(question.id)) !== undefined;
  const own = { server, option: useHierarchy, has };
  const isHere = outcome.outcome === 'found' ? outcome.source.id === server.id : outcome.at.id === server.id;
  const primary = await readPrimary(ports.rows, store.reader);
  if (has && isHere) {
    const wrong = outcome.outcome === 'found' ? {} : { wrongClaim: true };
    return { outcome, path: [{ ...own, ...wrong, link: await linkAsHeard(ports) }] };
  }
  const { link, since } = isHere ? linkOf(outcome) : { link: 'connected' as const, since: undefined };
  const step: ExplainStep = { ...own, link, ...(since === undefined ? {} : { since }) };
  if (primary === undefined || (outcome.outcome === 'not-found' && outcome.reason === 'loop' && isHere))
    return { outcome, path: [step] };
  if (told.length > 0) return { outcome, path: [step, ...told] };
  // The primary was not asked, so its last known state is shown.
  const { id, name, useHierarchy: option } = ports.link.show(primary);
  const isOff = outcome.outcome === 'not-found' && outcome.at.id === id && outcome.reason === 'option-off';
  const above: ExplainStep = { server: { id, name }, option, link: isOff ? 'option-off' : 'none', has: null };
  return { outcome, path: [step, above] };
}

/** The state of a server's link if a lookup ended there. */
function linkOf(outcome: TraceOutcome): Pick<ExplainStep, 'link' | 'since'> {
  if (outcome.outcome === 'found') return { link: 'connected' };
  switch (outcome.reason) {
    case 'link-in-dmz':
      return { link: 'dmz' };
    case 'option-off':
      return { link: 'option-off' };
    case 'refused-by-primary':
      return { link: 'refused' };
    case 'primary-unreachable':
      return { link: outcome.since === null ? 'never-heard' : 'unreachable', since: outcome.since };
    case 'unknown-key':
    case 'loop':
      return { link: 'none' };
    case 'wrong-claim':
    case 'too-deep':
    case 'deadline':
    case 'bad-answer':
    case 'later':
      return { link: 'connected' };
  }
}

/** The last heard state of the link to the primary. If a lookup ends before the link, nobody is asked over it. */
async function linkAsHeard({ link, store }: ExplainPorts): Promise<ExplainStep['link']> {
  const { primary, verdict } = await link.judge(store.reader);
  if (primary === undefined) return 'none';
  const closed: Partial<Record<LinkVerdict, ExplainStep['link']>> = {
    dmz: 'dmz',
    'own-option-off': 'option-off',
    'neighbour-option-off': 'option-off',
  };
  return closed[verdict] ?? link.show(primary).state;
}

/**
 * What the primary's answer amounts to. An earlier release reports only the way: the first link that does not carry
 * decides.
 */
function outcomeOf(answer: ExplainAnswer, own: ServerName, asked: readonly ServerName[]): TraceOutcome {
  const { path, closed, refusal } = answer;
  if (refusal !== undefined) return refusal;
  const holder = path.find(({ has }) => has === true);
  const all = [...asked, ...path.filter(({ has }) => has !== null).map(({ server }) => server)];
  const refused = (reason: LookupReason, at: ServerName, since?: string | null): Refused => ({
    outcome: 'not-found',
    reason,
    at,
    asked: all,
    ...(since === undefined ? {} : { since }),
  });
  if (closed !== undefined) return refused(closed === 'dmz' ? 'link-in-dmz' : 'option-off', own);
  if (holder !== undefined) {
    return holder.wrongClaim === true
      ? refused('wrong-claim', holder.server)
      : { outcome: 'found', source: holder.server };
  }
  const reasons: Partial<Record<ExplainStep['link'], LookupReason>> = {
    dmz: 'link-in-dmz',
    'option-off': 'option-off',
    unreachable: 'primary-unreachable',
    'never-heard': 'primary-unreachable',
    refused: 'refused-by-primary',
  };
  for (const { link, server, since } of path) {
    const reason = reasons[link];
    if (reason !== undefined) return refused(reason, server, since);
  }
  const last = path.at(-1);
  return refused(last?.has === null ? 'deadline' : 'unknown-key', last?.server ?? own);
}

/** The outcome of a lookup, and the next step. */
function inWords(
  own: ServerName,
  outcome: TraceOutcome,
): ToldStep & Pick<ExplainResult, 'verdict' | 'about'> {
  if (outcome.outcome === 'not-found') {
    const { sentence, nextStep } = explainRefusal(outcome);
    const { reason, at, asked, since = null } = outcome;
    const about = { reason, at: at.name, asked: asked.map(({ name }) => name), since };
    return { verdict: sentence, ...told(nextStep), about };
  }
  const { id, name } = outcome.source;
  return {
    about: { reason: id === own.id ? 'here' : 'elsewhere', at: name, asked: [], since: null },
    verdict:
      id === own.id
        ? `${name}, this server, has the key`
        : `${name} has the key, and every link to it is open`,
    nextStep:
      'open the drive or file: a device of this server gets the key with the claim stored beside the data',
  };
}
