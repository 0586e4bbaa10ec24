/** P1 to P5 and P12: one server with many keys, asked by many devices. */
import { rawRowsASecond, startReferenceServer } from '../reference/references.ts';
import type { MadeRepository } from '../servers/make-repository.ts';
import { lookInto, startServer } from '../servers/server-process.ts';
import { median, type Row } from '../table.ts';
import { type BenchRun, scaled } from './bench-run.ts';
import {
  compare,
  type Load,
  memoryOf,
  ourSide,
  referenceSide,
  requestsInAll,
  type Scene,
  type Side,
} from './compare.ts';
import { measureRestart } from './restart.ts';
import { requireCount, takeTurns } from './turns.ts';

export async function measureOneServer(run: BenchRun, made: MadeRepository): Promise<Row[]> {
  const { only } = run.options;
  const rows: Row[] = [];
  if (['P1', 'P2', 'P3', 'P4', 'P5'].some((id) => only.has(id as 'P1'))) {
    const server = await startServer(run.workplace, made.data);
    const reference = await startReferenceServer(run.workplace, made.leaf);
    const scene: Scene = { run, made, server, reference };
    const look = lookInto(made.data);
    const before = look.auditHead();
    if (only.has('P1')) rows.push(await lookups(scene));
    if (only.has('P2')) rows.push(await custody(scene));
    if (only.has('P3')) rows.push(await custodyOneConnection(scene));
    if (only.has('P4')) rows.push(await newConnections(scene));
    if (only.has('P5')) rows.push(await heartbeats(scene));
    reference.process.kill('SIGTERM');
    await server.stop();
    // Only then is everything written that was counted.
    const asked = (['P1', 'P4'] as const).filter((id) => only.has(id));
    const loads = asked.map((id) => requestsInAll(scene, id === 'P1' ? lookupLoad(scene) : newLoad(scene)));
    requireCount(
      'audit events of lookups',
      look.provisions(before),
      loads.reduce((sum, one) => sum + one, 0),
    );
    look.close();
  }
  if (only.has('P12')) rows.push(await measureRestart(run, made));
  return rows;
}

function lookupLoad({ made }: Scene): Load {
  const bodies = { kind: 'lookups', known: made.known } as const;
  return { callers: 32, requests: 40_000, bodies, connections: 'kept' };
}

function newLoad({ made }: Scene): Load {
  const bodies = { kind: 'lookups', known: made.known } as const;
  return { callers: 16, requests: 2000, bodies, connections: 'each' };
}

async function lookups(scene: Scene): Promise<Row> {
  scene.run.say('P1: lookups of random keys');
  const measured = await compare(
    scene,
    lookupLoad(scene),
    ourSide(scene, '/v1/device/lookup', '"outcome":"found"'),
    referenceSide(scene, '/empty'),
  );
  return {
    id: 'P1',
    what: `lookup among ${scene.run.options.keys.toLocaleString('en')} keys, 32 connections`,
    unit: '/s',
    ours: measured.ours,
    reference: { name: 'empty handler', figure: measured.reference },
    goal: { sense: 'least', whole: 0.5, half: 0.25, of: 'ratio' },
    memory: memoryOf(scene),
    notes: measured.notes,
  };
}

async function custody(scene: Scene): Promise<Row> {
  scene.run.say('P2: keys taken into custody');
  const load: Load = {
    callers: 64,
    requests: 16_000,
    bodies: { kind: 'records', origin: scene.made.server.id },
    connections: 'kept',
  };
  const look = lookInto(scene.made.data);
  const before = { keys: look.keys().count, audit: look.auditHead() };
  const measured = await compare(
    scene,
    load,
    ourSide(scene, '/v1/device/keys', '"receipt":"'),
    referenceSide(scene, '/insert'),
  );
  const expected = requestsInAll(scene, load);
  requireCount('keys recorded', look.keys().count - before.keys, expected);
  requireCount('audit events of records', look.auditLines('"event":"keys-recorded"', before.audit), expected);
  look.close();
  return {
    id: 'P2',
    what: 'key taken into custody, 64 connections',
    unit: '/s',
    ours: measured.ours,
    reference: { name: 'one durable insert', figure: measured.reference },
    goal: { sense: 'least', whole: 0.7, half: 0.35, of: 'ratio' },
    memory: memoryOf(scene),
    notes: measured.notes,
  };
}

async function custodyOneConnection(scene: Scene): Promise<Row> {
  const { run, made } = scene;
  run.say('P3: keys taken into custody over one connection');
  const requests = scaled(run, 3000);
  const overOneConnection = async (to: Side): Promise<number> => {
    const result = await run.generator.load({
      address: to.address,
      path: to.path,
      callers: made.devices.slice(0, 1),
      requests,
      bodies: { kind: 'records', origin: made.server.id },
      expect: to.expect,
      connections: 'kept',
    });
    return requests / result.seconds;
  };
  // What is left of the raw insert where a connection lies before it, and nothing else.
  const ofBareHandler: number[] = [];
  const turns = await takeTurns(
    run.options.rounds,
    () => overOneConnection(ourSide(scene, '/v1/device/keys', '"receipt":"')),
    async (round) => {
      const bare = await overOneConnection(referenceSide(scene, '/insert'));
      if (round > 0) ofBareHandler.push(bare);
      return rawRowsASecond(run.workplace, 'durable', requests);
    },
  );
  const bare = median(ofBareHandler);
  return {
    id: 'P3',
    what: 'the same, one connection',
    unit: '/s',
    ours: turns.ours,
    reference: { name: 'raw durable insert', figure: turns.reference },
    goal: { sense: 'least', whole: 0.8, half: 0.4, of: 'ratio' },
    notes: [
      `a bare handler that does one durable insert: ${bare.toFixed(0)}/s over the same connection, ` +
        `${(bare / turns.reference).toFixed(2)} × the raw insert; ours ${(turns.ours / bare).toFixed(2)} × that`,
    ],
  };
}

async function newConnections(scene: Scene): Promise<Row> {
  scene.run.say('P4: lookups, each over a new connection');
  const measured = await compare(
    scene,
    newLoad(scene),
    ourSide(scene, '/v1/device/lookup', '"outcome":"found"'),
    referenceSide(scene, '/empty'),
  );
  return {
    id: 'P4',
    what: 'new connection, then lookup',
    unit: '/s',
    ours: measured.ours,
    reference: { name: 'empty handler', figure: measured.reference },
    goal: { sense: 'least', whole: 0.9, half: 0.45, of: 'ratio' },
    notes: measured.notes,
  };
}

/** A million devices at 15 minutes are 1,111 a second, on half a core. */
const HEARTBEATS_A_CORE = 2222;

async function heartbeats(scene: Scene): Promise<Row> {
  scene.run.say('P5: heartbeats of devices');
  const measured = await compare(
    scene,
    { callers: 64, requests: 16_000, bodies: { kind: 'heartbeats' }, connections: 'kept' },
    ourSide(scene, '/v1/device/heartbeat', '"receipts":'),
    referenceSide(scene, '/insert'),
  );
  return {
    id: 'P5',
    what: "devices' heartbeats, for a core",
    unit: '/s',
    ours: 1e6 / measured.cost,
    goal: { sense: 'least', whole: HEARTBEATS_A_CORE, half: HEARTBEATS_A_CORE / 2, of: 'figure' },
    notes: [
      `${measured.ours.toFixed(0)}/s in all, one durable insert ${measured.reference.toFixed(0)}/s`,
      ...measured.notes,
    ],
  };
}
