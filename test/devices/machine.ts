/**
 * A machine of its own with a real kernel, made by qemu: it sees this machine's files, read only, has memory to write
 * to, reaches the servers of this machine at 10.0.2.2, and drives are plugged into its USB and pulled out of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Lines, listenForLines } from './lines.ts';

const SERVE = resolve(import.meta.dirname, 'guest', 'serve');
/** Node takes 150, a LUKS2 header in memory 16; in MiB. */
const MEMORY_MIB = 768;

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way in the machine. */
export interface Running {
  readonly ended: Promise<Ran>;
  /** SIGKILL to the program and all that it started. */
  kill(): Promise<void>;
}

type Answer = Record<string, unknown>;

export class Machine {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #log: string;
  #port: Lines | undefined;
  #control: Lines | undefined;
  #number = 0;
  #asked = 0;
  readonly #ready = Promise.withResolvers<void>();
  readonly #running = new Map<number, (ran: Ran) => void>();
  readonly #asking = new Map<number, { done(answer: Answer): void; fail(error: Error): void }>();
  readonly #gone = new Map<string, () => void>();

  /** Use `start`. */
  constructor(name: string, child: ChildProcess, log: string) {
    this.name = name;
    this.#process = child;
    this.#log = log;
  }

  /**
   * @param kernel the folder that `unpack-kernel` filled.
   * @param folder for its sockets and its log.
   * @param atEnd is told how to end it, as soon as it has begun.
   */
  static async start(
    name: string,
    kernel: string,
    folder: string,
    atEnd: (end: () => unknown) => void,
  ): Promise<Machine> {
    const at = (file: string): string => join(folder, `${name}.${file}`);
    let machine: Machine | undefined;
    const port = await listenForLines(at('port'), (line) => machine!.#hearPort(line));
    const control = await listenForLines(at('control'), (line) => machine!.#hearControl(line));
    const log = openSync(at('log'), 'w', 0o600);
    const child = spawn(
      'qemu-system-x86_64',
      [
        // There is no /dev/kvm where this must run. The newest processor that can be played: it has AES.
        ['-accel', 'tcg', '-cpu', 'max', '-smp', '1', '-m', String(MEMORY_MIB)],
        ['-nodefaults', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
        ['-kernel', join(kernel, 'vmlinuz'), '-initrd', join(kernel, 'first.gz'), '-append'],
        [`console=ttyS0 quiet panic=-1 keystair.serve=${SERVE} keystair.kernel=${kernel}`],
        ['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
        ['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
        ['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile='],
        ['-device', 'virtio-serial', '-chardev', `socket,id=port,path=${at('port')}`],
        ['-device', 'virtserialport,chardev=port,name=keystair'],
        ['-chardev', `socket,id=control,path=${at('control')}`, '-mon', 'chardev=control,mode=control'],
        ['-device', 'qemu-xhci,id=usb'],
      ].flat(),
      { stdio: ['ignore', log, log], detached: true },
    );
    closeSync(log);
    machine = new Machine(name, child, at('log'));
    atEnd(() => child.kill('SIGKILL'));
    machine.#control = await machine.#orEnded(control.connected);
    machine.#port = await machine.#orEnded(port.connected);
    await machine.ask('qmp_capabilities');
    await machine.#orEnded(machine.#ready.promise);
    return machine;
  }

  async run(command: string): Promise<Ran> {
    return await this.begin(command).ended;
  }

  /** Standard output of a command that must succeed. */
  async must(command: string): Promise<string> {
    const { status, stdout, stderr } = await this.run(command);
    if (status !== 0) throw new Error(`${this.name}: ${command}\nended with ${status}: ${stderr}${stdout}`);
    return stdout.trim();
  }

  begin(command: string): Running {
    this.#number += 1;
    const number = this.#number;
    const ended = this.#orEnded(new Promise<Ran>((done) => this.#running.set(number, done)));
    this.#port!.send(`${number} ${Buffer.from(command).toString('base64')}`);
    // Tools have process groups of their own, so they are looked for by their parents.
    const kill = `all() { for child in $(cat /proc/$1/task/*/children 2>/dev/null); do all $child; done; echo $1; }
      kill -9 $(all $(cat /run/port/${number}.pid)) 2>/dev/null; true`;
    return { ended, kill: async () => void (await this.must(kill)) };
  }

  /** A command to qemu itself. */
  async ask(execute: string, args: Answer = {}): Promise<Answer> {
    this.#asked += 1;
    const id = this.#asked;
    const answer = new Promise<Answer>((done, fail) => this.#asking.set(id, { done, fail }));
    this.#control!.send(JSON.stringify({ execute, arguments: args, id }));
    return await this.#orEnded(answer);
  }

  /** Resolves when a device of that name has left the machine. */
  left(id: string): Promise<void> {
    return this.#orEnded(new Promise((done) => this.#gone.set(id, done)));
  }

  /** The end of what its kernel and qemu said. */
  get log(): string {
    return readFileSync(this.#log, 'utf8').slice(-4000);
  }

  async #orEnded<T>(wanted: Promise<T>): Promise<T> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) throw this.#isOff();
    const controller = new AbortController();
    const ended = once(this.#process, 'exit', { signal: controller.signal }).then(() => {
      throw this.#isOff();
    });
    try {
      return await Promise.race([wanted, ended]);
    } finally {
      ended.catch(() => undefined);
      controller.abort();
    }
  }

  #isOff(): Error {
    return new Error(`the machine ${this.name} is off:\n${this.log}`);
  }

  #hearPort(line: string): void {
    const [number, status, stdout, stderr] = line.split(' ');
    const textOf = (part = ''): string => Buffer.from(part.slice(1), 'base64').toString('utf8');
    if (number === '0') return this.#ready.resolve();
    const done = this.#running.get(Number(number));
    this.#running.delete(Number(number));
    done?.({ status: Number(status), stdout: textOf(stdout), stderr: textOf(stderr) });
  }

  #hearControl(line: string): void {
    const heard = JSON.parse(line) as Answer;
    if (heard['event'] === 'DEVICE_DELETED') this.#gone.get((heard['data'] as { device: string }).device)?.();
    const asking = this.#asking.get(Number(heard['id']));
    if (asking === undefined) return;
    this.#asking.delete(Number(heard['id']));
    if (heard['error'] === undefined) asking.done(heard);
    else asking.fail(new Error(`${this.name}: qemu refused: ${JSON.stringify(heard['error'])}`));
  }
}
