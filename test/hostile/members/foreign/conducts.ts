/**
 * What a hostile primary does to a secondary in more than one answer, and what the secondary must not do then: believe
 * an answer over its limits, ask the same again, ask without end, or pass everything up at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes, randomUUID } from 'node:crypto';
import { overKept, type Tally } from './attack.ts';
import type { Answer, Line } from './connection.ts';
import {
  HEARTBEAT,
  type HostilePrimary,
  LOOKUP,
  type Manner,
  sendJson,
  TRANSMISSION,
} from './hostile-primary.ts';
import { someQuestion } from './record.ts';

export interface Stage {
  readonly primary: HostilePrimary;
  /** Devices of the secondary. */
  readonly askers: readonly Line[];
  readonly over: () => boolean;
  readonly tally: Tally;
}

export type Conduct = (stage: Stage) => Promise<void>;

const KEY_ANSWER_BYTES = 262_144;
const KEY_ANSWER_VALUES = 4000;
const ANSWER_BYTES = 2_097_152;
const ANSWER_VALUES = 32_000;
const DEPTH = 8;
const NAME_LENGTH = 255;
const ASKED_SERVERS = 64;
const ADDRESSES = 16;
const LINE_SERVERS = 16;
const INTERIM_ANSWERS = 8;
const MISS_MS = 5000;
const PUT_OFF_MS = 5000;
const BATCHES_AT_ONCE = 3;
const UPWARD = 256;
/** Some of its heartbeats: one a second, at the most. */
const HEARTBEATS_MS = 4000;
/** Where a thing must come, and however busy the machine is. */
const COMES_MS = 30_000;

/** The answers to the first questions, which are asked at once, are among so many. */
const ANSWERS_ENOUGH = 32;

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
const server = (name: string) => ({ id: randomUUID(), name });
const deep = (text: string): string => text.replace('"HERE"', `${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`);

type Over = (honest: Readonly<Record<string, unknown>>) => string;

/** An answer to a lookup, one over a limit each. Whoever believes it says by its `at` which one. */
const LOOKUPS_OVER: Readonly<Record<string, Over>> = {
  KEY_ANSWER_BYTES_MAX: (honest) => JSON.stringify(honest).padEnd(KEY_ANSWER_BYTES + 1),
  'REQUEST_VALUES_MAX in an answer about one key': (honest) =>
    JSON.stringify({ ...honest, more: zeros(KEY_ANSWER_VALUES) }),
  'MESSAGE_DEPTH_MAX in an answer': (honest) => deep(JSON.stringify({ ...honest, more: 'HERE' })),
  'ASKED_SERVERS_MAX in an answer': (honest) =>
    JSON.stringify({ ...honest, asked: Array.from({ length: ASKED_SERVERS + 1 }, () => server('asked')) }),
  'NAME_LENGTH_MAX in an answer': (honest) => {
    const { id, name } = honest['at'] as { id: string; name: string };
    return JSON.stringify({ ...honest, at: { id, name: name.padEnd(NAME_LENGTH + 1, '.') } });
  },
  INTERIM_ANSWERS_MAX: JSON.stringify,
};
/** The same of a heartbeat: whoever believes it sends the tree that it wants. */
const HEARTBEATS_OVER: Readonly<Record<string, Over>> = {
  ANSWER_BYTES_MAX: (honest) => JSON.stringify(honest).padEnd(ANSWER_BYTES + 1),
  ANSWER_VALUES_MAX: (honest) => JSON.stringify({ ...honest, more: zeros(ANSWER_VALUES) }),
  ADDRESSES_MAX: (honest) =>
    // Its own: whoever believes it finds back.
    JSON.stringify({
      ...honest,
      addresses: Array.from({ length: ADDRESSES + 1 }, () => honest['address'] as string),
    }),
  'LOOKUP_DEPTH_MAX in the line': (honest) =>
    JSON.stringify({ ...honest, line: Array.from({ length: LINE_SERVERS + 1 }, () => server('above')) }),
};

/** Each in turn, and how often each was answered. */
class Turns {
  readonly #names: readonly string[];
  #next = 0;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  take(): string {
    this.#next += 1;
    return this.#names[(this.#next - 1) % this.#names.length]!;
  }

  get allTaken(): boolean {
    return this.#next >= this.#names.length;
  }
}

const AT = 'over ';

function believedIn(answer: Answer | undefined): string | undefined {
  if (answer?.status !== 200) return undefined;
  const { reason, at } = JSON.parse(String(answer.body)) as { reason?: string; at?: { name: string } };
  return reason === 'unknown-key' && at?.name.startsWith(AT) ? at.name.replace(/\.+$/, '') : undefined;
}

/** Questions of the first asker, each another unless the same is given. */
function askOn(
  { askers, tally }: Stage,
  over: () => boolean,
  look: (answer: Answer | undefined) => void,
  { lanes = 16, question = someQuestion } = {},
): Promise<void> {
  return overKept({ over, tally }, askers[0]!, lanes, async (connection) => {
    const answer = await connection.ask('/v1/device/lookup', JSON.stringify(question()));
    tally.answered(answer);
    look(answer);
  });
}

async function overTheirLimits(stage: Stage): Promise<void> {
  const { primary, tally } = stage;
  const begun = performance.now();
  const late = (): boolean => performance.now() - begun > COMES_MS;
  const lookups = new Turns(Object.keys(LOOKUPS_OVER));
  const heartbeats = new Turns(Object.keys(HEARTBEATS_OVER));
  const answerLookup: Manner = ({ path, request, response, honest }) => {
    if (path !== LOOKUP) return sendJson(response, JSON.stringify(honest));
    const limit = lookups.take();
    if (limit === 'INTERIM_ANSWERS_MAX')
      request.socket.write('HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n'.repeat(INTERIM_ANSWERS + 1));
    sendJson(response, LOOKUPS_OVER[limit]!({ ...honest, at: server(`${AT}${limit}`) }));
  };
  let wanted: string | undefined;
  const answerHeartbeat: Manner = ({ path, response, honest, body }) => {
    if (path !== HEARTBEAT) return sendJson(response, JSON.stringify(honest));
    if (body.includes('"tree":')) {
      if (wanted !== undefined) tally.wrong(`an answer over ${wanted} is believed`);
      return sendJson(response, JSON.stringify(honest));
    }
    wanted = heartbeats.take();
    const { address } = primary;
    sendJson(response, HEARTBEATS_OVER[wanted]!({ ...honest, address, wantTree: true }));
  };
  primary.answer(answerLookup, false);
  let answers = 0;
  await askOn(
    stage,
    () => (lookups.allTaken && answers >= ANSWERS_ENOUGH) || late(),
    (answer) => {
      answers += 1;
      const believed = believedIn(answer);
      if (believed !== undefined) tally.wrong(`an answer ${believed} is believed`);
    },
  );
  primary.answer(answerHeartbeat, true);
  while (!heartbeats.allTaken && !late()) await sleep(20);
  // What the last answer wants comes at once, or not.
  await sleep(500);
  if (late()) tally.count('late');
}

/** Sound: asked once, and remembered for a while. */
async function theSameQuestion(stage: Stage): Promise<void> {
  const { primary, over, tally } = stage;
  const question = someQuestion();
  const begun = performance.now();
  let passedUp = 0;
  primary.answer(({ path, response, honest, body }) => {
    if (path === LOOKUP && body.includes(question.id)) passedUp += 1;
    sendJson(response, JSON.stringify(honest));
  }, false);
  await askOn(stage, over, () => undefined, { question: () => question });
  tally.count('passed up', passedUp);
  const most = 2 + Math.ceil((performance.now() - begun) / MISS_MS);
  if (passedUp > most)
    tally.wrong(`one question is passed up ${passedUp} times; within LOOKUP_MISS_MS it is remembered`);
}

/** Sound: after two new epochs it gives up, and waits for its next heartbeat. */
async function contradictions({ primary, over, tally }: Stage): Promise<void> {
  const epochs = new Set<string>();
  const begun = performance.now();
  primary.answer(({ path, response, honest, body }) => {
    if (path === HEARTBEAT) {
      epochs.add((JSON.parse(body) as { epoch: string }).epoch);
      tally.count('heartbeats');
    }
    const acknowledged = { seq: 9_007_199_254_740_991, chain: randomBytes(32).toString('hex') };
    sendJson(response, JSON.stringify({ ...honest, acknowledged }));
  }, true);
  while (!over() || performance.now() - begun < HEARTBEATS_MS) await sleep(20);
  const seconds = (performance.now() - begun) / 1000;
  // Three in a heartbeat, and one or two heartbeats in a second.
  if (epochs.size > 10 + 8 * seconds)
    tally.wrong(`a primary that contradicts itself gets ${epochs.size} epochs in ${seconds.toFixed(1)} s`);
}

/** Keys come all the time, so that there is always something to transmit. */
async function laterAtOnce({ primary, tally }: Stage): Promise<void> {
  const begun = performance.now();
  let batches = 0;
  primary.answer(({ path, response, honest }) => {
    if (path !== TRANSMISSION) return sendJson(response, JSON.stringify(honest));
    batches += 1;
    sendJson(response, JSON.stringify({ ...honest, outcome: 'later', waitMs: 0 }));
  }, false);
  // None comes where one was put off before for as long as that may be.
  const hasCome = (): boolean => batches > 0 || performance.now() - begun > 2 * PUT_OFF_MS;
  while (!hasCome()) await sleep(20);
  const first = performance.now();
  // Soundly, the next one comes when all of that time is over.
  const isEnough = (): boolean => batches > BATCHES_AT_ONCE || performance.now() - first > PUT_OFF_MS;
  while (!isEnough()) await sleep(20);
  tally.count('batches', batches);
  if (batches > BATCHES_AT_ONCE)
    tally.wrong(`a batch that was put off comes ${batches} times, though PUT_OFF_MS_MIN did not pass`);
}

/** Sound: what is too much is answered at once, before anybody's deadline. */
async function moreQuestionsThanArePassedUp({ primary, askers, tally }: Stage): Promise<void> {
  const begun = performance.now();
  let answers = 0;
  let later = 0;
  primary.answer(({ path, response, honest }) => {
    if (path !== LOOKUP) sendJson(response, JSON.stringify(honest));
  }, false);
  const lanes = 100;
  const enough = lanes * askers.length;
  const over = (): boolean => later > 0 || answers >= enough || performance.now() - begun > COMES_MS;
  await Promise.all(
    askers.map((line) =>
      overKept({ over, tally }, line, lanes, async (connection) => {
        const answer = await connection.ask('/v1/device/lookup', JSON.stringify(someQuestion()));
        tally.answered(answer);
        answers += 1;
        if (answer?.status === 200 && String(answer.body).includes('"reason":"later"')) later += 1;
      }),
    ),
  );
  if (later === 0 && answers > 0)
    tally.wrong(`of ${enough} questions at a time none is told to come later; ${UPWARD} are passed up`);
}

/** One costs a server that checks it to its last fault 600 MiB. */
async function addressesOfAMillionNumbers({ primary, tally }: Stage): Promise<void> {
  const begun = performance.now();
  const numbers = zeros(ANSWER_BYTES / 2 - 1000);
  let heartbeats = 0;
  primary.answer(({ path, response, honest }) => {
    if (path !== HEARTBEAT) return sendJson(response, JSON.stringify(honest));
    heartbeats += 1;
    sendJson(response, JSON.stringify({ ...honest, addresses: numbers }));
  }, true);
  // When the third comes, two were read.
  const isEnough = (): boolean => heartbeats >= 3 || performance.now() - begun > COMES_MS;
  while (!isEnough()) await sleep(20);
  tally.count('heartbeats', heartbeats);
}

const SAME_QUESTION = 'the same question, for ever';
/** Where an honest device would make the difference: with each key that it hands over, what is remembered is forgotten. */
export const ALONE = [SAME_QUESTION];

export const CONDUCTS: Readonly<Record<string, Conduct>> = {
  'answers one over their limits, and honest otherwise': overTheirLimits,
  'addresses of a million numbers': addressesOfAMillionNumbers,
  [SAME_QUESTION]: theSameQuestion,
  'cursors that contradict one another, for ever': contradictions,
  'later, at once': laterAtOnce,
  'more questions at a time than are passed up': moreQuestionsThanArePassedUp,
};
