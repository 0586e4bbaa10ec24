/** What is repeated for ever, and what comes in another order than it should. */
import { type Attack, again, asDevice, asking, asSecondary, overKept, type Scene } from './attack.ts';
import { heartbeatOf } from './heartbeats.ts';
import { once } from './member.ts';
import { batchOf, makeRecord, newEpoch, someQuestion, START } from './record.ts';

const LINES = 'application/jsonl';
const SAME = someQuestion();
const REMAINING_MS = 10_000;
/** Two a minute of what is repeated, and some of the harm's beginning. */
const LINES_A_HARM = 10;

const lookup = (question: { id: string; claim: string }): string => JSON.stringify(question);

function secondaryLookup(question: { id: string; claim: string }): string {
  return JSON.stringify({ ...question, asked: [], remainingMs: REMAINING_MS });
}

/** Some order of them that is not theirs. */
function shuffled<T>(from: readonly T[]): T[] {
  const left = [...from];
  return from.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0]!);
}

function someBatch({ secondary }: Scene, epoch: string): readonly string[] {
  const keys = Array.from({ length: 20 }, () => makeRecord({ device: secondary, origin: secondary.id }));
  return batchOf(epoch, START, keys).lines;
}

/** Each of them something that a cut, a retry or a bad client does to the lines of a batch. */
const MEDDLED: readonly ((lines: readonly string[]) => readonly string[])[] = [
  (lines) => shuffled(lines),
  (lines) => lines.toReversed(),
  (lines) => [...lines, ...lines],
  (lines) => lines.slice(1),
  (lines) => lines.slice(0, -1),
  (lines) => [lines[0]!, lines.at(-1)!, ...lines.slice(1, -1)],
  (lines) => [lines[0]!, ...lines],
  (lines) => lines.flatMap((line) => [line, '']),
];

export const ATTACKS_OF_ORDER: readonly Attack[] = [
  asking('the same lookup of a key that nobody has, for ever', asDevice, 64, () => ({
    path: '/v1/device/lookup',
    body: lookup(SAME),
  })),
  asking('lookups of ever other keys that nobody has', asDevice, 64, () => ({
    path: '/v1/device/lookup',
    body: lookup(someQuestion()),
  })),
  {
    ...asking('the same lookup of a key that it has, for ever', asDevice, 64, ({ held }) => ({
      path: '/v1/device/lookup',
      body: lookup(held[0]!),
    })),
    linesMax: LINES_A_HARM,
  },
  asking('ever other claims for a key that is there', asSecondary, 64, ({ held }) => ({
    path: '/v1/secondary/lookup',
    body: secondaryLookup({ id: held[0]!.id, claim: someQuestion().claim }),
  })),
  asking('the same key given into custody for ever', asDevice, 32, ({ own }) => ({
    path: '/v1/device/keys',
    body: JSON.stringify({ complete: own.record }),
  })),
  asking('heartbeats of a device whose receipts never agree', asDevice, 32, ({ device }) => ({
    path: '/v1/device/heartbeat',
    body: JSON.stringify({
      name: `${device.name} ${Math.random()}`,
      receipts: { count: 9_007_199_254_740_991, digest: 'f'.repeat(64) },
    }),
  })),
  asking('heartbeats of ever new epochs, and of older ones', asSecondary, 16, ({ secondary }) => ({
    path: '/v1/secondary/heartbeat',
    body: heartbeatOf({
      name: `${secondary.name} ${Math.random()}`,
      epoch: Math.random() < 0.5 ? newEpoch() : `${Math.floor(Math.random() * 9)}`.repeat(32),
      seq: Math.floor(Math.random() * 1000),
      useHierarchy: Math.random() < 0.8,
      dmz: Math.random() < 0.1,
    }),
  })),
  {
    name: 'lines of a transmission in another order, twice, or not at all',
    run: (scene) =>
      overKept(scene, scene.secondary.line, 4, async (connection) => {
        const epoch = newEpoch();
        await connection.ask('/v1/secondary/heartbeat', heartbeatOf({ epoch }));
        const meddle = MEDDLED[Math.floor(Math.random() * MEDDLED.length)]!;
        const body = `${meddle(someBatch(scene, epoch)).join('\n')}\n`;
        scene.tally.answered(await connection.ask('/v1/secondary/transmission', body, { type: LINES }));
      }),
  },
  asking('trees that name the server itself, and one server over and over', asSecondary, 8, (scene) => {
    const { id, server } = scene.secondary;
    const told = {
      useHierarchy: true,
      dmz: false,
      waiting: 1,
      lastHeartbeatAt: null,
      problem: 'x'.repeat(1000),
    };
    const ring = (depth: number): object[] =>
      depth === 0
        ? []
        : [
            { ...told, id: server.id, name: server.name, secondaries: ring(depth - 1) },
            { ...told, id, name: '\u001b[2J\u202e\u0000', secondaries: ring(depth - 1) },
          ];
    return { path: '/v1/secondary/heartbeat', body: heartbeatOf({ tree: ring(5) }) };
  }),
  {
    name: 'invitations that do not exist, with a new key pair each time',
    linesMax: LINES_A_HARM,
    run: (scene) =>
      again(scene, 8, async () => {
        const secret = someQuestion().claim.repeat(2).slice(0, 43);
        const { id } = someQuestion();
        const body = JSON.stringify({ secret, id, name: 'stranger', kind: 'device' });
        scene.tally.answered(await once(scene.stranger, '/v1/join', body));
      }),
  },
];
