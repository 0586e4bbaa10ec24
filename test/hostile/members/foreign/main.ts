/**
 * Hostile neighbours as a program of their own, written against docs/PROTOCOL.md: it imports nothing but Node and its
 * own folder. It is told what to do by lines of JSON on standard input and answers each with one on standard output; it
 * ends with its input. It does nothing that was not asked for, each for so many milliseconds, and dials this machine
 * only.
 */
import { createInterface } from 'node:readline';
import { type Attack, overKept, Tally } from './attack.ts';
import { ATTACKS_OF_FORM } from './attacks-of-form.ts';
import { ATTACKS_OF_LIMITS } from './attacks-of-limits.ts';
import { ATTACKS_OF_ORDER } from './attacks-of-order.ts';
import { ATTACKS_OF_STRANGERS } from './attacks-of-strangers.ts';
import { ATTACKS_OF_TIME } from './attacks-of-time.ts';
import { ATTACKS_ON_SHARES, NARROW } from './attacks-on-shares.ts';
import { makePair, privatePem, selfSigned } from './certificates.ts';
import { ALONE, type Conduct, CONDUCTS } from './conducts.ts';
import { LingeringConnections } from './lingering.ts';
import { MANNERS } from './manners.ts';
import { join, type Member } from './member.ts';
import { Connection } from './connection.ts';
import { HostilePrimary } from './hostile-primary.ts';
import { type Held, makeRecord, someQuestion } from './record.ts';

interface Order {
  readonly do: string;
  readonly name?: string;
  readonly invitation?: string;
  readonly ms?: number;
}

const ATTACKS: readonly Attack[] = [
  ...ATTACKS_OF_FORM,
  ...ATTACKS_OF_ORDER,
  ...ATTACKS_OF_TIME,
  ...ATTACKS_OF_STRANGERS,
  ...ATTACKS_OF_LIMITS,
  ...ATTACKS_ON_SHARES,
];
/** As many as a page of arrival holds. */
const HELD_KEYS = 100;
/** At most so many times the time that was given. */
const LONGER = 10;
const MANY_TIMES = 3;
/** So long for what has to be done a number of times. */
const LEAST_MS_MAX = 30_000;
/** Devices of the secondary: one of them alone may not have as many connections as there are questions passed up. */
const ASKERS = ['asker', 'second asker', 'third asker'];
/** Questions at a time that a secondary has to pass up. */
const QUESTIONS = 32;

const primary = new HostilePrimary();
const lingering = new LingeringConnections();
const members = new Map<string, Member>();
const held: Held[] = [];

const strangersPair = makePair();
const strangersKey = { certificate: selfSigned(strangersPair), privateKey: privatePem(strangersPair) };

function memberCalled(name: string): Member {
  const member = members.get(name);
  if (member === undefined) throw new Error(`${name} has not joined`);
  return member;
}

async function give(connection: Connection, device: Member): Promise<Held> {
  const key = makeRecord({ device, origin: device.server.id, materialBytes: 4096 });
  const answer = await connection.ask('/v1/device/keys', JSON.stringify({ complete: key.record }));
  if (answer?.status !== 200) throw new Error(`a key was not taken: ${String(answer?.body)}`);
  return key;
}

async function holdKeys(device: Member): Promise<void> {
  const connection = await Connection.open(device.line);
  while (held.length < HELD_KEYS) held.push(await give(connection, device));
  connection.close();
}

async function ownKey(device: Member): Promise<Held> {
  const connection = await Connection.open(device.line);
  const key = await give(connection, device);
  connection.close();
  return key;
}

async function attack(name: string, ms: number): Promise<unknown> {
  const found = ATTACKS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no attack called ${name}`);
  const device = memberCalled('device');
  const tally = new Tally();
  const own = await ownKey(device);
  // What must leave few lines is done often enough to leave more.
  const over = overAfter(ms, tally, MANY_TIMES * (found.linesMax ?? 0));
  await found.run({
    device,
    secondary: memberCalled('secondary'),
    own,
    stranger: { address: device.line.address, ...strangersKey },
    held,
    over,
    tally,
  });
  const { linesMax, endedBecause } = found;
  const ids = [device.id, memberCalled('secondary').id, 'joiner'];
  return { answers: tally, wrongs: tally.wrongs, ids, linesMax, endedBecause };
}

/** When it was done for so long, and something came of it: on a busy machine handshakes alone take longer. */
function overAfter(ms: number, tally: Tally, least = 0): () => boolean {
  const begun = performance.now();
  const longest = Math.max(LONGER * ms, least > 0 ? LEAST_MS_MAX : 0);
  return () => {
    const past = performance.now() - begun;
    return past >= longest || (past >= ms && tally.total > least);
  };
}

/** What a hostile primary does to the secondary, and what came of it. */
async function answerSo(name: string, ms: number): Promise<unknown> {
  const tally = new Tally();
  const before = primary.calls;
  await (CONDUCTS[name] ?? answeringBy(name, ms))({
    primary,
    askers: ASKERS.map((asker) => memberCalled(asker).line),
    over: overAfter(ms, tally),
    tally,
  });
  primary.answer(undefined, false);
  primary.dropConnections();
  tally.count('calls', primary.calls - before);
  return { answers: tally, wrongs: tally.wrongs };
}

/** Questions of a device at the secondary, which ask the primary; half of the time heartbeats are answered well. */
function answeringBy(name: string, ms: number): Conduct {
  const manner = MANNERS[name];
  if (manner === undefined) throw new Error(`there is no manner called ${name}`);
  return async ({ askers, over, tally }) => {
    primary.answer(manner, false);
    const worse = setTimeout(() => primary.answer(manner, true), ms / 2);
    await overKept({ over, tally }, askers[0]!, QUESTIONS, async (connection) => {
      tally.answered(await connection.ask('/v1/device/lookup', JSON.stringify(someQuestion())));
    });
    clearTimeout(worse);
  };
}

async function carryOut({ do: what, ...order }: Order): Promise<unknown> {
  const { name = '', invitation = '', ms = 0 } = order;
  switch (what) {
    case 'list':
      return {
        attacks: ATTACKS.map(({ name, at, endedBecause }) => ({
          name,
          at,
          recovers: endedBecause === 'answers-unread',
        })),
        manners: [...Object.keys(CONDUCTS), ...Object.keys(MANNERS)],
        askers: ASKERS,
        alone: ALONE,
        narrow: NARROW,
      };
    case 'invite':
      await primary.listen();
      return { invitation: primary.invite() };
    case 'join':
      members.set(name, await join(invitation));
      return { id: memberCalled(name).id };
    case 'hold':
      await holdKeys(memberCalled(name));
      return {};
    case 'linger':
      await lingering.open(memberCalled(name), memberCalled('secondary'), held);
      return {};
    case 'lingering':
      return lingering.end();
    case 'attack':
      return attack(name, ms);
    case 'answer':
      return answerSo(name, ms);
    default:
      throw new Error(`nobody can do ${what}`);
  }
}

for await (const line of createInterface(process.stdin)) {
  const order = JSON.parse(line) as Order;
  const told = await carryOut(order).catch((error: unknown) => ({ trouble: String(error) }));
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
process.exit();
