/**
 * Why a key can or cannot be had here: walks the way a lookup would go, server by server, without moving a key.
 */
import { claimFits, claimFromText, claimToText } from '#domain/claim.ts';
import { UUID_PATTERN } from '#domain/encryption-key.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { LOOKUP_DEADLINE_MS_DEFAULT, LOOKUP_DEPTH_MAX } from '#domain/limits.ts';
import {
  explainRefusal,
  type LookupReason,
  type LookupRefusal,
  type ServerName,
  timeUpward,
} from '#domain/lookup.ts';
import type { LinkVerdict } from '#domain/hierarchy.ts';
import type { Member } from '#domain/member.ts';
import type { ExplainStep } from '#protocol/messages.ts';
import type { AnswerOf, RequestOf } from '#protocol/machine-routes.ts';
import type { ExplainResult } from '#protocol/people-answers.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import { keepsKeysBelow } from '../hierarchy/tree.ts';
import type { HierarchyPorts } from '../hierarchy/ports.ts';
import { readOptions } from '../repository/settings.ts';
import { withinTime } from '../environment/environment.ts';
import { findKey } from './list-keys.ts';
import { judgeSecondary } from '../hierarchy/secondaries/judge-secondary.ts';
import { publicFields } from '../records/record-keys.ts';

export interface ExplainPorts extends HierarchyPorts {
  readonly link: PrimaryLink;
  readonly refreshLink: () => Promise<void>;
}

interface Question {
  readonly id: string;
  readonly claim: Uint8Array | undefined;
  readonly asked: readonly ServerName[];
  readonly deadline: number;
}

/** For an administrator: the whole way, a verdict, and the step that would mend it. */
export async function explainKey(
  ports: ExplainPorts,
  request: { readonly id: string; readonly claim?: string | undefined },
): Promise<ExplainResult> {
  // An id is asked for on the whole way; a name only helps where the key is.
  const id = UUID_PATTERN.test(request.id) ? request.id : (await findKey(ports, request.id)).id;
  const path = await walk(ports, {
    id,
    claim: request.claim === undefined ? undefined : claimFromText(request.claim),
    asked: [],
    deadline: ports.clock() + LOOKUP_DEADLINE_MS_DEFAULT,
  });
  return { ...judgePath(path), path };
}

/** For a secondary that walks on through us. */
export async function explainToSecondary(
  ports: ExplainPorts,
  member: Member,
  request: RequestOf<'explain'>,
): Promise<AnswerOf<'explain'>> {
  const closed = await judgeSecondary(ports, member, request.asked);
  if (closed !== undefined) {
    const { useHierarchy } = await readOptions(ports.rows, ports.store.reader);
    const step = { server: ports.server, option: useHierarchy, has: null };
    if (closed.reason === 'option-off' && closed.at.id === ports.server.id)
      return { path: [{ ...step, link: 'option-off' }] };
    const because = closed.reason === 'link-in-dmz' ? 'dmz' : 'option-off';
    return { path: [{ ...step, link: 'none' }], closed: because };
  }
  return {
    path: await walk(ports, {
      id: request.id,
      claim: request.claim === undefined ? undefined : claimFromText(request.claim),
      asked: request.asked,
      deadline: ports.clock() + request.remainingMs,
    }),
  };
}

async function walk(ports: ExplainPorts, question: Question): Promise<ExplainStep[]> {
  const { server, store } = ports;
  const { useHierarchy } = await readOptions(ports.rows, store.reader);
  const row = await store.reader.keyById(question.id);
  const wrongClaim =
    row !== undefined &&
    question.claim !== undefined &&
    !claimFits(question.claim, publicFields(row).claimHash);
  const own = { server, option: useHierarchy, has: row !== undefined, ...(wrongClaim ? { wrongClaim } : {}) };
  if (question.asked.some(({ id }) => id === server.id)) return [{ ...own, link: 'none' }];

  // A lookup ends where the key is; the link is told all the same, and no one is asked over it.
  const { primary, verdict } =
    row === undefined ? await judgeFresh(ports, question.deadline) : await ports.link.judge(store.reader);
  if (primary === undefined) {
    const keptBelow = row === undefined && (await keepsKeysBelow(ports));
    return [{ ...own, link: keptBelow ? 'option-off' : 'none' }];
  }
  const shown = ports.link.show(primary);
  if (row !== undefined) return [{ ...own, link: linkAsHeard(verdict, shown.state) }];
  const above = (option: boolean): ExplainStep => ({
    server: { id: primary.id, name: primary.name },
    option,
    link: 'none',
    has: null,
  });
  switch (verdict) {
    case 'dmz':
      return [{ ...own, link: 'dmz' }, above(shown.useHierarchy)];
    case 'own-option-off':
      return [{ ...own, link: 'option-off' }, above(shown.useHierarchy)];
    case 'neighbour-option-off':
      return [
        { ...own, link: 'connected' },
        { ...above(false), link: 'option-off' },
      ];
    case 'not-heard':
      return [
        { ...own, link: linkOf(shown.state), since: ports.link.unreachableSince },
        above(shown.useHierarchy),
      ];
    case 'open':
      break;
  }
  const asked = [...question.asked, server];
  const remainingMs = timeUpward(question.deadline - ports.clock());
  if (asked.length > LOOKUP_DEPTH_MAX || remainingMs < 1) return [{ ...own, link: 'connected' }, above(true)];
  try {
    const answer = await ports.link.call(primary, true, (calls, signal) =>
      calls.call(
        'explain',
        {
          id: question.id,
          asked,
          remainingMs,
          ...(question.claim === undefined ? {} : { claim: claimToText(question.claim) }),
        },
        { signal, timeoutMs: remainingMs },
      ),
    );
    return [{ ...own, link: answer.closed ?? 'connected' }, ...answer.path];
  } catch (error) {
    if (!(error instanceof KeystairError)) throw error;
    // It answered: its budget for this server is used up.
    if (codeOf(error) === 'later') return [{ ...own, link: 'connected' }, above(true)];
    const link = codeOf(error) === 'not-a-member' ? 'refused' : 'unreachable';
    return [{ ...own, link, since: ports.link.unreachableSince }, above(shown.useHierarchy)];
  }
}

/** The link as it is now: a heartbeat first where a lookup would make one. */
async function judgeFresh(ports: ExplainPorts, deadline: number) {
  const { reader } = ports.store;
  const judged = await ports.link.judge(reader);
  if (
    judged.primary === undefined ||
    judged.primary.dmz ||
    judged.verdict === 'open' ||
    judged.verdict === 'own-option-off'
  ) {
    return judged;
  }
  try {
    await withinTime(ports.timers, timeUpward(deadline - ports.clock()), ports.refreshLink());
  } catch (error) {
    if (!(error instanceof KeystairError)) throw error;
  }
  return ports.link.judge(reader);
}

/** How the link to the primary stood when it was last heard. */
function linkAsHeard(
  verdict: LinkVerdict,
  state: ReturnType<PrimaryLink['show']>['state'],
): ExplainStep['link'] {
  if (verdict === 'dmz') return 'dmz';
  return verdict === 'own-option-off' || verdict === 'neighbour-option-off' ? 'option-off' : state;
}

function linkOf(state: ReturnType<PrimaryLink['show']>['state']): ExplainStep['link'] {
  return state === 'connected' ? 'unreachable' : state;
}

/** The verdict a lookup over this way would come to, in words, and what mends it. */
function judgePath(path: readonly ExplainStep[]): { verdict: string; nextStep: string } {
  const asked = path.filter(({ has }) => has !== null).map(({ server }) => server);
  const holder = path.find(({ has }) => has === true);
  if (holder !== undefined) {
    if (holder.wrongClaim === true) {
      const refusal = explainRefusal({ reason: 'wrong-claim', at: holder.server, asked });
      return { verdict: refusal.sentence, nextStep: refusal.nextStep };
    }
    const here = holder === path[0];
    return {
      verdict: here
        ? `${holder.server.name}, this server, has the key`
        : `${holder.server.name} has the key, and every link to it is open`,
      nextStep:
        'open the drive or file: a device of this server gets the key with the claim that lies beside the data',
    };
  }
  const refusal = explainRefusal(refusalOf(path, asked));
  return { verdict: refusal.sentence, nextStep: refusal.nextStep };
}

function refusalOf(path: readonly ExplainStep[], asked: readonly ServerName[]): LookupRefusal {
  const reasons: Partial<Record<ExplainStep['link'], LookupReason>> = {
    dmz: 'link-in-dmz',
    'option-off': 'option-off',
    unreachable: 'primary-unreachable',
    'never-heard': 'primary-unreachable',
    refused: 'refused-by-primary',
  };
  for (const step of path) {
    const reason = reasons[step.link];
    if (reason !== undefined) {
      return { reason, at: step.server, asked, ...(step.since === undefined ? {} : { since: step.since }) };
    }
  }
  const last = path.at(-1);
  const at = last?.server ?? { id: '', name: 'this server' };
  return last !== undefined && last.has === null
    ? { reason: 'deadline', at, asked }
    : { reason: 'unknown-key', at, asked };
}
