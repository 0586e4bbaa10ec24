/**
 * A tree of servers and their devices in one process, with one time, one network and one source of chance. Holds what
 * all parts share; what happens in it is planned and checked elsewhere.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { Witness } from '../checkers/witness.ts';
import { CertificateRegister, fingerprintOfAuthority } from './certificates.ts';
import type { Device } from './device.ts';
import { createDice, type Dice } from './dice.ts';
import { Instance } from './instance.ts';
import { Network, type ServingEnd } from './network.ts';
import { Quiet } from './quiet.ts';
import { Schedule } from './schedule.ts';
import { Trace } from './trace.ts';

/** A place in the organisation: one server by intent, which may run as several copies by mistake. */
export interface Site {
  readonly index: number;
  readonly name: string;
  readonly address: string;
  readonly sealKey: Uint8Array;
  /** The site above it in the planned tree. */
  readonly above: Site | undefined;
  readonly instances: Instance[];
  /** The server's id, once it was made. */
  id: string;
  /** What its administrator calls it. */
  serverName: string;
}

/** 5 January 2026, a Monday morning. */
const STARTED_AT = Date.UTC(2026, 0, 5, 6);

export class World {
  readonly seed: number;
  readonly directory: string;
  readonly startedAt = STARTED_AT;
  readonly schedule = new Schedule();
  readonly quiet = new Quiet();
  readonly trace: Trace;
  readonly register = new CertificateRegister();
  readonly network: Network;
  readonly sites: Site[] = [];
  readonly devices: Device[] = [];
  readonly dice: Dice;
  readonly witness: Witness;
  /** Faults that were done to it, other than to single messages. */
  faultsDone = 0;
  /** The faults are over; what was still to go wrong does not. */
  atPeace = false;

  constructor(seed: number, directory: string, makeWitness: (world: World) => Witness) {
    this.seed = seed;
    this.directory = directory;
    this.dice = createDice(seed, 'world');
    this.trace = new Trace(() => this.schedule.now);
    this.witness = makeWitness(this);
    const routeDice = createDice(seed, 'which copy answers');
    this.network = new Network({
      schedule: this.schedule,
      dice: createDice(seed, 'network'),
      trace: this.trace,
      route: (address) => this.#route(address, routeDice),
      onCall: (caller, target, path, body) => this.witness.onCall(caller, target, path, body),
      onFailure: (caller) => this.witness.onFailure(caller),
    });
  }

  /** @param processes that serve it. */
  addSite(above: Site | undefined, processes: number): Site {
    const index = this.sites.length;
    const name = `S${index}`;
    const site: Site = {
      index,
      name,
      address: `${name.toLowerCase()}.example:7443`,
      sealKey: createDice(this.seed, `key file of ${name}`).bytes(32),
      above,
      instances: [],
      id: '',
      serverName: `Office ${index}`,
    };
    this.sites.push(site);
    site.instances.push(new Instance(this, site, name, processes));
    return site;
  }

  /** The data of one server in a second directory, run beside it. */
  addCopy(site: Site): Instance {
    const name = `${site.name}-copy${site.instances.length}`;
    const copy = new Instance(this, site, name, 1);
    site.instances.push(copy);
    return copy;
  }

  snapshotDirectory(name: string): string {
    const directory = join(this.directory, 'snapshots', name);
    mkdirSync(directory, { recursive: true });
    return directory;
  }

  siteById(id: string): Site | undefined {
    return this.sites.find((site) => site.id === id);
  }

  siteByAddress(address: string): Site | undefined {
    return this.sites.find((site) => site.address === address);
  }

  /** Lets something go on beside everything else. Refusals are part of life; anything else is a defect. */
  begin(where: string, what: string, work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      this.trace.tell(where, `${what}: ${error instanceof KeystairError ? error.sentence : String(error)}`);
      if (codeOf(error) === 'internal') this.witness.onDefect(where, error);
    });
  }

  /** Runs until that time, or until `stop` says so. */
  async runUntil(until: number, stop: () => boolean): Promise<void> {
    await this.quiet.settled();
    while (!stop()) {
      const event = this.schedule.next(until);
      if (event === undefined) return;
      this.trace.note(`${event.at} ${event.what}`);
      event.call();
      await this.quiet.settled();
    }
  }

  /** Ends every life and lets go of every file. */
  async close(): Promise<void> {
    for (const instance of this.sites.flatMap(({ instances }) => instances)) {
      instance.retired = true;
      instance.crash();
    }
    await this.quiet.settled();
    for (const instance of this.sites.flatMap(({ instances }) => instances)) await instance.close();
  }

  #route(address: string, dice: Dice): ServingEnd | undefined {
    const running = this.siteByAddress(address)?.instances.filter(({ state }) => state === 'running') ?? [];
    if (running.length === 0) return undefined;
    const instance = running.length === 1 ? running[0]! : dice.pick(running);
    // As a balancer does in front of several.
    const process = instance.running.length === 1 ? instance.running[0]! : dice.pick(instance.running);
    return {
      name: instance.name,
      life: process.life,
      authority: instance.authority,
      fingerprint: fingerprintOfAuthority(instance.authority),
      serverId: instance.site.id,
      serve: (call) => process.serve(call),
    };
  }
}
