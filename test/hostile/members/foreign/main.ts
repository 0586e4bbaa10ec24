/**
 * Hostile neighbours as a program of their own, written against docs/PROTOCOL.md: it imports nothing but Node and its
 * own folder. It is told what to do by lines of JSON on standard input and answers each with one on standard output; it
 * ends with its input. It does nothing that was not asked for, each for so many milliseconds, and dials this machine
 * only.
 */
import { createInterface } from 'node:readline';
import { type Attack, overKept, Tally } from './attack.ts';
import { ATTACKS_OF_FORM } from './attacks-of-form.ts';
import { ATTACKS_OF_ORDER } from './attacks-of-order.ts';
import { ATTACKS_OF_STRANGERS } from './attacks-of-strangers.ts';
import { ATTACKS_OF_TIME } from './attacks-of-time.ts';
import { makePair, privatePem, selfSigned } from './certificates.ts';
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
];
/** As many as a page of arrival holds. */
const HELD_KEYS = 100;
/** At most so many times the time that was given. */
const LONGER = 10;
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
  const over = overAfter(ms, tally);
  await found.run({
    device,
    secondary: memberCalled('secondary'),
    own,
    stranger: { address: device.line.address, ...strangersKey },
    held,
    over,
    tally,
  });
  return { answers: tally, timesMax: found.timesMax };
}

/** When it was done for so long, and something came of it: on a busy machine handshakes alone take longer. */
function overAfter(ms: number, tally: Tally): () => boolean {
  const begun = performance.now();
  return () => {
    const past = performance.now() - begun;
    return past >= LONGER * ms || (past >= ms && !tally.isEmpty);
  };
}

/** Questions of a device at the secondary, which ask the primary; half of the time heartbeats are answered well. */
async function answerSo(name: string, ms: number): Promise<unknown> {
  const manner = MANNERS[name];
  if (manner === undefined) throw new Error(`there is no manner called ${name}`);
  const asker = memberCalled('asker');
  const tally = new Tally();
  const before = primary.calls;
  primary.answer(manner, false);
  const worse = setTimeout(() => primary.answer(manner, true), ms / 2);
  const scene = { over: overAfter(ms, tally), tally };
  await overKept(scene, asker.line, QUESTIONS, async (connection) => {
    tally.answered(await connection.ask('/v1/device/lookup', JSON.stringify(someQuestion())));
  });
  clearTimeout(worse);
  primary.answer(undefined, false);
  primary.dropConnections();
  tally.count('calls', primary.calls - before);
  return { answers: tally };
}

async function carryOut({ do: what, ...order }: Order): Promise<unknown> {
  const { name = '', invitation = '', ms = 0 } = order;
  switch (what) {
    case 'list':
      return { attacks: ATTACKS.map((one) => one.name), manners: Object.keys(MANNERS) };
    case 'invite':
      await primary.listen();
      return { invitation: primary.invite() };
    case 'join':
      members.set(name, await join(invitation));
      return {};
    case 'hold':
      await holdKeys(memberCalled(name));
      return {};
    case 'linger':
      await lingering.open(memberCalled(name), held);
      return {};
    case 'lingering':
      return lingering.still();
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
