/**
 * Where the drives live: a root with two branches, whose servers run on this machine, and at each branch a device, which
 * is a machine of its own.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT_GROUP } from '#domain/group.ts';
import { freePort } from '../support/free-port.ts';
import { doneJson, type Json } from '../support/organisation.ts';
import { runKeystair } from '../support/run-keystair.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { Machine, type Ran, type Running } from './machine.ts';
import { Stick } from './stick.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/keystair');
/** This machine, as qemu shows it to those that it makes. */
const HOST = '10.0.2.2';
/** A LUKS2 header takes 16 MiB. */
const STICK_MIB = 64;

/** An agent in a machine. */
export class Device {
  readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  begin(args: readonly string[], before = ''): Running {
    return this.machine.begin(
      `${before} exec ${LAUNCHER} agent ${args.map(quoted).join(' ')} --state /run/state --json`,
    );
  }

  async run(args: readonly string[]): Promise<Ran> {
    return await this.begin(args).ended;
  }

  async done(args: readonly string[]): Promise<Json> {
    const { status, stdout, stderr } = await this.run(args);
    assert.equal(status, 0, `${this.machine.name}: agent ${args.join(' ')}\n${stderr}`);
    return JSON.parse(stdout) as Json;
  }

  /** @returns the sentence. */
  async refused(args: readonly string[], code: string): Promise<string> {
    const { status, stderr } = await this.run(args);
    assert.equal(status, 1, stderr);
    assert.match(stderr, new RegExp(`^keystair: ${code}: `), stderr);
    return stderr;
  }
}

export interface Office {
  readonly oslo: Device;
  readonly lyon: Device;
  /** A new stick, empty. */
  readonly stick: (serial: string) => Stick;
  /** For the devices of Oslo. @param settings of the root group's policy. */
  readonly setPolicy: (settings: object) => Promise<void>;
  /** Ids of the keys at the root. */
  readonly keysAtRoot: () => Promise<readonly string[]>;
}

/** For a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function done(args: readonly string[], stdin = ''): Promise<Json> {
  return doneJson(await runKeystair([...args, '--json'], { stdin }));
}

async function startBranch(folder: string, name: string, root: RunningServer): Promise<RunningServer> {
  const port = await freePort();
  const listen = ['--listen', `127.0.0.1:${port}`, '--address', `${HOST}:${port}`];
  const server = await startServer(join(folder, name), ['--name', name, ...listen]);
  const { invitation } = await done(['hierarchy', 'invite', '--data', root.data]);
  await done(['hierarchy', 'join', '-', '--use-hierarchy', 'on', '--data', server.data], String(invitation));
  return server;
}

async function enrol(machine: Machine, server: RunningServer): Promise<Device> {
  const { invitation } = await done(['devices', 'invite', '--data', server.data]);
  const device = new Device(machine);
  await machine.must(`umask 077; printf %s ${quoted(String(invitation))} >/run/invitation`);
  await device.done(['enrol', '/run/invitation', '--name', `laptop-${machine.name}`]);
  return device;
}

/**
 * @param kernel the folder that `unpack-kernel` filled.
 * @param atEnd what must be ended, as it is begun.
 */
export async function openOffice(
  kernel: string,
  folder: string,
  atEnd: (end: () => unknown) => void,
): Promise<Office> {
  const startRoot = async (): Promise<RunningServer> => {
    const root = await startServer(join(folder, 'headquarters'), ['--name', 'Headquarters']);
    atEnd(() => root.process.kill('SIGKILL'));
    await done(['server', 'settings', '--use-hierarchy', 'on', '--data', root.data]);
    return root;
  };
  const startBranches = async (root: RunningServer): Promise<readonly [RunningServer, RunningServer]> => {
    const branches = await Promise.all([
      startBranch(folder, 'Oslo', root),
      startBranch(folder, 'Lyon', root),
    ]);
    for (const { process } of branches) atEnd(() => process.kill('SIGKILL'));
    return branches;
  };
  const [osloMachine, lyonMachine, [root, osloServer, lyonServer]] = await Promise.all([
    Machine.start('oslo', kernel, folder, atEnd),
    Machine.start('lyon', kernel, folder, atEnd),
    startRoot().then(async (root) => [root, ...(await startBranches(root))] as const),
  ]);
  const [oslo, lyon] = await Promise.all([enrol(osloMachine, osloServer), enrol(lyonMachine, lyonServer)]);
  const images = join(folder, 'images');
  mkdirSync(images);
  return {
    oslo,
    lyon,
    stick: (serial) => new Stick(join(images, serial), serial, STICK_MIB),
    setPolicy: async (settings) => {
      const file = ['--file', '-', '--yes', '--data', osloServer.data];
      await done(['policies', 'set', ROOT_GROUP, ...file], JSON.stringify(settings));
    },
    keysAtRoot: async () => {
      const { keys } = await done(['keys', 'list', '--data', root.data]);
      return (keys as readonly { id: string }[]).map(({ id }) => id);
    },
  };
}
