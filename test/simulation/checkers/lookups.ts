/**
 * Lookups: the exact material, and only to a caller with the claim; or a reason that was true at that moment. What a
 * server knows of its neighbours it knows by hearsay, so "that moment" begins when the answers it rests on were made.
 */
import { timeForNextHop } from '#domain/lookup.ts';
import { MACHINE_ROUTES } from '#protocol/machine-routes.ts';
import type { MadeKey } from '../world/device.ts';
import type { Instance } from '../world/instance.ts';
import type { ServedCall } from '../world/network.ts';
import type { Site, World } from '../world/world.ts';
import type { Facts } from './facts.ts';
import type { LinkState } from './observed-server.ts';

export const EXACT = 'a lookup gives the exact material, never without the claim';
const INSIDE = 'identities of files and recovery passwords are given to no device';
export const KEPT = 'what comes down is kept by every server that asked, before it is answered';
export const TRUE = 'a lookup gives a reason that is true at that moment';

/** An answer that was on its way this long, or a miss remembered at each of a few levels. */
const HEARSAY_MS = 60_000;
/** What a neighbour said of its own option and mark stands until its next heartbeat, jitter and a late try included. */
const HEARTBEAT_MS = 17 * 60_000;
/** A lookup of a device waits ten seconds. */
const DEVICE_DEADLINE_MS = 10_000;
const DEADLINE_SPARE_MS = 50;
/** The longest between two tries to reach a primary: back-off, and a transmission that is given up. */
const RETRY_MS = 60_000 + 110_000;

interface WireAnswer {
  readonly outcome: string;
  readonly complete?: {
    readonly key: { readonly id: string };
    readonly material: string;
    readonly blind: string;
  };
  readonly fileKey?: string;
  readonly reason?: string;
  readonly at?: { readonly id: string; readonly name: string };
  readonly asked?: readonly { readonly id: string; readonly name: string }[];
}

interface Question {
  readonly id: string;
  readonly claim: string;
  readonly remainingMs?: number;
  /** Of the file that is to be opened. */
  readonly stanzas?: readonly { readonly body: string }[];
}

/**
 * @param since when the question reached the server.
 * @param route whether a server asks, or a device for a key or for the key of one file.
 */
export function checkLookup(
  facts: Facts,
  world: World,
  instance: Instance,
  call: ServedCall,
  since: number,
  answer: WireAnswer,
  route: 'lookup' | 'deviceLookup' | 'unwrap',
): void {
  const question = JSON.parse(call.sent as string) as Question;
  const about = [question.id, instance.name];
  const made = facts.keys.get(question.id);
  if (answer.outcome === 'found') {
    if (made?.claim !== question.claim) {
      facts.violate(EXACT, `${instance.name} gave key ${question.id} to a caller without its claim`, about);
    } else if (route === 'deviceLookup' && made.complete.key.kind !== 'volume') {
      facts.violate(
        INSIDE,
        `${instance.name} gave a device the material of ${made.complete.key.kind} key ${question.id}`,
        about,
      );
    } else if (route === 'unwrap' ? !isFileKey(answer, made, question) : !isWholeKey(answer, made)) {
      facts.violate(EXACT, `${instance.name} answered with something that is not key ${question.id}`, about);
    }
    const { keys, notKept } = instance.observed;
    if (!keys.has(question.id) && !notKept.has(question.id)) {
      facts.violate(KEPT, `${instance.name} answered with key ${question.id} and has not kept it`, about);
    }
    return;
  }
  // Between servers a refusal may rest on what was last heard; the one that asked knows better and asks again.
  if (route === 'lookup') return;
  const untrue = whyUntrue(facts, world, instance, question, since, answer);
  if (untrue === undefined) return;
  facts.violate(
    TRUE,
    `${instance.name} refused key ${question.id} because of ${answer.reason} at ${answer.at?.name}, but ${untrue}`,
    [...about, world.siteById(answer.at?.id ?? '')?.name ?? ''],
  );
}

function isWholeKey({ complete }: WireAnswer, made: MadeKey): boolean {
  return (
    complete?.key.id === made.complete.key.id &&
    complete.material === Buffer.from(made.complete.material.expose()).toString('base64') &&
    complete.blind === Buffer.from(made.complete.blind).toString('base64')
  );
}

/** Nothing but the one key, and only for the header that it is wrapped in. */
function isFileKey(answer: WireAnswer, { file }: MadeKey, { stanzas }: Question): boolean {
  return (
    file !== undefined &&
    stanzas?.[0]?.body === file.stanzas[0]!.body &&
    answer.fileKey === file.fileKey &&
    answer.complete === undefined
  );
}

function whyUntrue(
  facts: Facts,
  world: World,
  instance: Instance,
  question: Question,
  since: number,
  answer: WireAnswer,
): string | undefined {
  const at = world.siteById(answer.at?.id ?? '');
  if (at === undefined) return 'there is no such server';
  const from = since - HEARSAY_MS;
  // Before it says no, a server asks its primary how the link stands: with no answer in time, the last word holds.
  const waited = facts.now - since >= (question.remainingMs ?? DEVICE_DEADLINE_MS) / 2;
  const stood = (site: Site, predicate: (links: LinkState) => boolean, begin = from): boolean =>
    site.instances.some(({ observed }) => observed.linksSince(begin).some(predicate));
  switch (answer.reason ?? '') {
    case 'unknown-key': {
      const had = (answer.asked ?? [])
        .map(({ id }) => world.siteById(id))
        .find((site) => site !== undefined && alwaysHad(site, question.id, from));
      if (had !== undefined) return `${had.name}, which was asked, has had it all the time`;
      return stood(at, ({ primary }) => primary === undefined)
        ? undefined
        : `${at.name} has a primary that was not asked`;
    }
    case 'wrong-claim':
      return facts.keys.get(question.id)?.claim === question.claim ? 'the claim is the right one' : undefined;
    case 'option-off': {
      const off = ({ option }: LinkState) => !option;
      const heard = copiesHear(world, at)
        ? stood(at, off, 0)
        : stood(at, off, since - HEARTBEAT_MS) && at !== instance.site;
      return heard || stood(at, ({ option }) => !option)
        ? undefined
        : `the option has been on at ${at.name} all the time`;
    }
    case 'link-in-dmz': {
      const heardFrom = copiesHear(world, at) ? 0 : since - HEARTBEAT_MS;
      const own = stood(at, ({ primary }) => primary?.dmz === true, heardFrom);
      const above = world.sites.some((site) =>
        stood(site, ({ members }) => members.get(at.id)?.dmz === true, waited ? heardFrom : from),
      );
      return own || above ? undefined : `no link of ${at.name} is marked`;
    }
    case 'primary-unreachable': {
      // Whoever waited in vain for a heartbeat tells of the one before, or of this one.
      const begin = waited ? from - RETRY_MS : from;
      const waits = [...world.network.open].some(
        ({ caller, path }) => caller === at.name && path === MACHINE_ROUTES.heartbeat.path,
      );
      if (waited && waits) return undefined;
      return [at.name, ...at.instances.map(({ name }) => name)].some(
        (name) => (facts.failures.get(name) ?? -Infinity) >= begin,
      )
        ? undefined
        : `every call of ${at.name} was answered`;
    }
    case 'refused-by-primary':
      return at.instances.some(({ name }) => (facts.refusals.get(name) ?? -Infinity) >= from)
        ? undefined
        : `no primary refused ${at.name}`;
    case 'deadline': {
      if (at !== instance.site) return undefined;
      const remaining = question.remainingMs ?? DEVICE_DEADLINE_MS;
      const spent = facts.now - since + DEADLINE_SPARE_MS >= timeForNextHop(remaining);
      const jumped = (facts.clockSet.get(instance.name) ?? -Infinity) >= since;
      return spent || jumped ? undefined : `only ${facts.now - since} of ${remaining} ms had passed`;
    }
    default:
      return 'that cannot come about in this tree';
  }
}

/**
 * Whether the primary runs as several copies. Each hears only some of the heartbeats, and knows nothing of what was told
 * to another; that it is run twice is reported, and until then it may answer by an old word.
 */
function copiesHear(world: World, secondary: Site): boolean {
  const primary = world.siteById(secondary.instances[0]!.observed.links.primary?.id ?? '');
  return primary !== undefined && primary.instances.filter(({ retired }) => !retired).length > 1;
}

/** Whether no copy of the server was without the key since then. */
function alwaysHad(site: Site, key: string, from: number): boolean {
  return site.instances.every(({ observed, retired }) => {
    const held = observed.keys.get(key);
    return retired || (held !== undefined && held.seenAt < from);
  });
}
