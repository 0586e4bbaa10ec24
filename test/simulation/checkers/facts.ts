/**
 * What happened, as those outside saw it: keys that were made, acknowledgements that were heard, copies that were put
 * back. The model that servers are held against.
 */
import type { Backup, CarriedFile } from './by-hand.ts';
import type { Device, MadeKey } from '../world/device.ts';
import type { Instance } from '../world/instance.ts';
import type { Site } from '../world/world.ts';

export interface Violation {
  /** Which promise was broken. */
  readonly rule: string;
  readonly sentence: string;
  readonly at: number;
  /** Keys, servers and devices it is about, for the story. */
  readonly about: readonly string[];
}

export interface Acknowledgement {
  readonly key: string;
  readonly site: Site;
  readonly instance: Instance;
  readonly at: number;
  readonly device: Device | undefined;
  readonly secondary: Site | undefined;
  /** The copy of the secondary that heard it. */
  readonly heardBy: Instance | undefined;
}

export class Facts {
  readonly #now: () => number;
  readonly violations: Violation[] = [];
  readonly keys = new Map<string, MadeKey>();
  readonly acknowledgements: Acknowledgement[] = [];
  readonly #acknowledged = new Set<string>();
  /** Files that carry keys, so far. */
  files = 0;
  /** `SITE KEY`: a whole file that may hold the key was brought there. */
  readonly brought = new Set<string>();
  /** How many keys the files hold whose import was begun, by site. */
  readonly importing = new Map<Site, number[]>();
  /** From then on the whole file is promised. */
  readonly confirmedImports: {
    readonly instance: Instance;
    readonly file: CarriedFile;
    readonly at: number;
  }[] = [];
  /** What was restored, until the server is opened on it. */
  readonly restoring = new Map<Instance, Backup>();
  /** `SITE KEY` of what devices were told is held. */
  readonly held = new Set<string>();
  /** When older copies were put back, by site. */
  readonly putBack = new Map<Site, number[]>();
  /** `FROM TO KEY`: keys that left one site for another. */
  readonly carried = new Set<string>();
  /** When calls between two failed, by `CALLER ADDRESS`. */
  readonly failures = new Map<string, number>();
  readonly refusals = new Map<string, number>();
  /** When a clock was set, by instance name. */
  readonly clockSet = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now();
  }

  violate(rule: string, sentence: string, about: readonly string[]): void {
    this.violations.push({ rule, sentence, at: this.now, about });
  }

  acknowledge(acknowledgement: Acknowledgement): void {
    const { key, instance, device, heardBy } = acknowledgement;
    const name = `${key} ${instance.name} ${device?.name ?? heardBy?.name}`;
    if (this.#acknowledged.has(name)) return;
    this.#acknowledged.add(name);
    this.acknowledgements.push(acknowledgement);
  }

  putBackSince(site: Site, at: number): boolean {
    return (this.putBack.get(site) ?? []).some((time) => time >= at);
  }
}
