/**
 * Meets removable disks: each, when it is plugged in, is held to its rule once, and the person at the device is told.
 *
 * Invariants: a disk is known by its path and by what it says it is, so that one which took another's place is met anew.
 * What a person changes on a disk that was met is not undone, until it is plugged in again or another rule counts: that is
 * how it is encrypted. A disk that fails holds up no other.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import { type PolicySettings, removableRule, type RemovableDriveRule } from '#domain/policy/settings.ts';
import type { Notice } from '#domain/step.ts';
import { type HoldOptions, holdToRule } from './hold-to-rule.ts';
import { type PluggedDisk, pluggedDisks } from './plugged-disks.ts';
import { type Done, type Outcome, nameOf, toldOf } from './removable-words.ts';

export interface MeetPorts extends HoldOptions {
  readonly settings: () => PolicySettings;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** For the log. */
  readonly note: (met: MetDisk) => void;
  /** For the person at the device. Never throws. */
  readonly tell: (told: Notice) => Promise<void>;
}

export interface MetDisk {
  readonly disk: PluggedDisk;
  readonly rule: RemovableDriveRule;
  readonly outcome: Outcome;
  /** What the person is told; undefined where there is nothing to tell. */
  readonly told: Notice | undefined;
}

/** A disk with a loose contact comes and goes many times a minute. Its rule counts each time, and its words this often. */
const TOLD_PER_DISK_MAX = 3;
/** After so long a time the person is told again. */
const TOLD_WINDOW_MS = 10 * 60_000;
/** Disks whose words are counted: more are not plugged in within the window. */
const TOLD_DISKS_MAX = 256;

export class DiskMeeter {
  readonly #ports: MeetPorts;
  /** By path, what was met there, under which rule, and what was done with it. */
  readonly #met = new Map<string, { readonly disk: string; readonly rule: string; readonly done: Done }>();
  readonly #told = new Map<string, number[]>();

  constructor(ports: MeetPorts) {
    this.#ports = ports;
  }

  /** Holds each disk to its rule that was not met yet. Throws `tool-missing`, `tool-failed` where none can be listed. */
  async look(): Promise<void> {
    const { removableDrives, removableExceptions } = this.#ports.settings();
    const isAllLeft =
      removableDrives === 'leave' && removableExceptions.every(({ rule }) => rule === 'leave');
    // Most devices: nothing is asked of the system for nothing.
    if (isAllLeft && this.#met.size === 0) return;
    const disks = await pluggedDisks(this.#ports);
    const paths = new Set(disks.map(({ path }) => path));
    for (const path of this.#met.keys()) if (!paths.has(path)) this.#met.delete(path);
    for (const disk of disks) await this.#meet(disk);
  }

  async #meet(disk: PluggedDisk): Promise<void> {
    const rule = removableRule(this.#ports.settings(), disk);
    const { path, serial, model, paths } = disk;
    // A partition that appeared is met as well: the kernel makes it writable.
    const self = JSON.stringify([serial, model, paths]);
    const before = this.#met.get(path);
    if (before?.disk === self && before.rule === rule) return;
    const outcome = await this.#hold(disk, rule, before?.done);
    this.#met.set(path, { disk: self, rule, done: outcome.done });
    // What is left as it is says nothing, unless it was held to another rule before.
    if (outcome.done === 'left' && before === undefined) return;
    if (!this.#mayTell(disk)) return;
    const told = toldOf(outcome, nameOf(disk));
    this.#ports.note({ disk, rule, outcome, told });
    if (told !== undefined) await this.#ports.tell(told);
  }

  async #hold(disk: PluggedDisk, rule: RemovableDriveRule, before: Done | undefined): Promise<Outcome> {
    try {
      return await holdToRule(disk, rule, before, this.#ports);
    } catch (error) {
      if (codeOf(error) === 'interrupted' || !(error instanceof KeystairError)) throw error;
      return { done: 'failed', because: error.sentence };
    }
  }

  #mayTell({ serial, model, path }: PluggedDisk): boolean {
    const name = JSON.stringify([serial ?? path, model]);
    const now = this.#ports.clock();
    const recent = (this.#told.get(name) ?? []).filter((at) => now - at < TOLD_WINDOW_MS);
    const isAllowed = recent.length < TOLD_PER_DISK_MAX;
    if (isAllowed) recent.push(now);
    // Behind all others: the first is forgotten first.
    this.#told.delete(name);
    this.#told.set(name, recent);
    const [oldest] = this.#told.keys();
    if (this.#told.size > TOLD_DISKS_MAX && oldest !== undefined) this.#told.delete(oldest);
    return isAllowed;
  }
}
