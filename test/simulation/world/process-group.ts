/**
 * The processes of one server as its database sees them, by the rules of `src/store/postgres/own-process.ts`: what
 * another one changed is heard before a work runs, one of them leads, and whoever stood still for too long writes nothing
 * more. Looks of each second are left out where nothing can have happened.
 */
import type { Dice } from './dice.ts';
import { GroupMember, type Joining } from './group-member.ts';
import type { Schedule } from './schedule.ts';

/** As the real ones have them. */
export const LOOK_MS = 1000;
const ALIVE_MS = 10_000;
export const LEAD_MS = 10_000;

export interface GroupPorts {
  readonly name: string;
  readonly schedule: Schedule;
  readonly dice: Dice;
}

interface Lead {
  readonly holder: string;
  /** When another may take it; `Infinity` while its holder renews it. */
  until: number;
}

export class ProcessGroup {
  readonly ports: GroupPorts;
  readonly members = new Map<string, GroupMember>();
  /** Rises with what every process must hear of. */
  change = 0;
  keys = 0;
  lines = 0;
  lead: Lead | undefined;
  readonly stages = new Map<string, string>();

  constructor(ports: GroupPorts) {
    this.ports = ports;
  }

  /** A process that begins. */
  join(joining: Joining): GroupMember {
    const member = new GroupMember(this, joining);
    this.members.set(member.process, member);
    joining.life.whenOver(() => this.silent(member));
    return member;
  }

  /** Nothing is heard of it from now on. */
  silent(member: GroupMember): void {
    const { schedule, dice, name } = this.ports;
    if (this.members.get(member.process) !== member || member.silentSince !== undefined) return;
    member.silentSince = schedule.now;
    const lastLook = schedule.now - dice.below(LOOK_MS);
    if (this.lead?.holder === member.process) {
      this.lead.until = lastLook + LEAD_MS;
      schedule.after(LEAD_MS, `lead of ${name}`, () => this.tellAll(LOOK_MS));
    }
    schedule.after(ALIVE_MS + dice.below(2 * LOOK_MS), `ended process of ${name}`, () => this.#removeEnded());
  }

  /** Those that are seen. */
  get living(): GroupMember[] {
    const since = this.ports.schedule.now - ALIVE_MS;
    return [...this.members.values()].filter(({ silentSince }) => (silentSince ?? since) >= since);
  }

  /** All look within so long. */
  tellAll(ms: number, but?: GroupMember): void {
    for (const member of this.members.values()) if (member !== but) member.lookWithin(ms);
  }

  #removeEnded(): void {
    const leader = this.members.get(this.lead?.holder ?? '');
    if (leader === undefined || leader.silentSince !== undefined) {
      // Whoever leads next does it.
      if ([...this.members.values()].some(({ silentSince }) => silentSince === undefined)) {
        this.ports.schedule.after(LOOK_MS, `ended process of ${this.ports.name}`, () => this.#removeEnded());
      }
      return;
    }
    const living = new Set(this.living);
    const ended = [...this.members.values()].filter((member) => !living.has(member));
    for (const { process } of ended) this.members.delete(process);
    if (ended.length > 0) leader.processEnded();
  }
}
