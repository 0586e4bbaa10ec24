/**
 * Budgets: no member brings more than it may, and who is put off has used up what it may.
 *
 * The server's bucket is not seen. Kept are two that it lies between: one from which everything was taken that may have
 * been, one from which only what was acknowledged.
 */
import { MACHINE_ROUTES } from '#protocol/machine-routes.ts';
import type { Instance } from '../world/instance.ts';
import type { Life } from '../world/life.ts';
import type { Answer, ServedCall } from '../world/network.ts';
import { readBatch } from './batch.ts';
import type { Facts } from './facts.ts';

const HELD = 'a member brings no more than its budget';
const PUT_OFF = 'who is put off has used up its budget, or the disk is nearly full';
const HOUR_MS = 3_600_000;
/** What sums of fractions may differ by. */
const NEARLY = 1e-6;

interface Level {
  /** When the first call came: the bucket was full. */
  readonly since: number;
  readonly most: number;
  at: number;
  least: number;
  greatest: number;
}

/** What a call asks of its caller's budget of records; undefined where it asks nothing. */
function asked(call: ServedCall): number | undefined {
  if (call.path === MACHINE_ROUTES.record.path) return 1;
  if (call.path === MACHINE_ROUTES.transmit.path) return readBatch(call.sent as Uint8Array).ids.length;
  return undefined;
}

function outcomeOf(
  call: ServedCall,
  { status, body }: Answer,
): 'taken' | 'put-off' | 'not-asked' | 'unknown' {
  const document = JSON.parse(body) as { readonly code?: string; readonly outcome?: string };
  if (document.code === 'later') return 'put-off';
  if (status !== 200) return 'unknown';
  if (call.path === MACHINE_ROUTES.record.path || document.outcome === 'received') return 'taken';
  return document.outcome === 'later' ? 'put-off' : 'not-asked';
}

export class BudgetLevels {
  readonly #facts: Facts;
  /** A restart forgives, and each process has its own: by its life, and the member. */
  readonly #levels = new WeakMap<Life, Map<string, Level>>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** A call reached the server: from now on it may have been taken from the caller's budget. */
  begins(instance: Instance, life: Life, memberId: string, call: ServedCall): void {
    const records = asked(call);
    if (records === undefined) return;
    const most =
      call.path === MACHINE_ROUTES.record.path
        ? instance.budgets.deviceRecordsAnHour
        : instance.budgets.secondaryRecordsAnHour;
    this.#levelOf(life, memberId, most).least -= records;
  }

  answered(instance: Instance, life: Life, memberId: string, call: ServedCall, answer: Answer): void {
    const records = asked(call);
    const level = this.#levels.get(life)?.get(memberId);
    if (records === undefined || level === undefined) return;
    fill(level, this.#facts.now);
    const outcome = outcomeOf(call, answer);
    const clockWasSet = (this.#facts.clockSet.get(instance.name) ?? -Infinity) >= level.since;
    const enough = Math.min(records, level.most);
    if (outcome === 'put-off' || outcome === 'not-asked') level.least += records;
    if (outcome === 'taken') level.greatest -= records;
    if (clockWasSet) return;
    if (outcome === 'taken' && level.greatest + records < enough - NEARLY) {
      this.#facts.violate(
        HELD,
        `${instance.name} took ${records} records from ${call.caller}, which may bring ${level.most} an hour and had brought them`,
        [instance.name, call.caller],
      );
    }
    const diskLow = instance.disk.low || instance.disk.full;
    if (outcome !== 'put-off' || diskLow || level.least < enough + NEARLY) return;
    this.#facts.violate(
      PUT_OFF,
      `${instance.name} put off ${records} records of ${call.caller}, which may bring ${level.most} an hour and had not`,
      [instance.name, call.caller],
    );
  }

  #levelOf(life: Life, memberId: string, most: number): Level {
    const ofLife = this.#levels.get(life) ?? new Map<string, Level>();
    this.#levels.set(life, ofLife);
    const { now } = this.#facts;
    const level = ofLife.get(memberId) ?? { since: now, most, at: now, least: most, greatest: most };
    ofLife.set(memberId, level);
    fill(level, now);
    return level;
  }
}

function fill(level: Level, now: number): void {
  const share = ((now - level.at) / HOUR_MS) * level.most;
  level.least = Math.min(level.most, level.least + share);
  level.greatest = Math.min(level.most, level.greatest + share);
  level.at = now;
}
