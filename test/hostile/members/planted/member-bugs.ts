/**
 * Bugs by which a hostile neighbour does harm: each takes a bound away, and with it whatever else stands behind the same
 * bound.
 */
import type { Bug, Fault } from '#test/simulation/planted/bug.ts';

export interface MemberBug extends Omit<Bug, 'seed'> {
  /** Which harm shows it. */
  readonly harm: string;
  readonly seconds: number;
  /** What is said of it. */
  readonly sees: RegExp;
}

/** As many as nobody sends, and few enough for a timer. */
const NO_BOUND = 2_000_000_000;
/** With starting and looking at all of it; what takes longer stands still. */
const SHORTLY = 10;

function unbounded(constant: string): Fault {
  return { constant, value: NO_BOUND };
}

/** Each fault of a message is gathered, as zod does where it is not told otherwise. */
const EVERY_FAULT: Fault = {
  definition: 'formed',
  wrap: () => (form, value) => {
    const parsed = form.safeParse(value);
    return parsed.success ? { ok: true, value: parsed.data } : { ok: false, fault: parsed.error.issues[0] };
  },
};

export const MEMBER_BUGS: readonly MemberBug[] = [
  {
    name: 'a tree may be as deep as it likes',
    faults: [unbounded('TREE_DEPTH_MAX'), { constant: 'LOOKUP_DEPTH_MAX', value: 4000 }],
    harm: 'a tree as deep as fits, its fields right',
    seconds: SHORTLY,
    sees: /answered with 500|hierarchy show fails|the server ended/,
  },
  {
    name: 'an answer of a primary is checked to its last fault, however many values it has',
    faults: [unbounded('ANSWER_VALUES_MAX'), EVERY_FAULT],
    harm: 'addresses of a million numbers',
    seconds: SHORTLY,
    sees: /the server held|the server ended|calls of the honest device failed|p99 is/,
  },
  {
    name: 'a body may take as long as it likes',
    faults: [unbounded('REQUEST_MS_MAX')],
    harm: 'bodies that come byte by byte',
    seconds: 60,
    sees: /connections are open that hold a body/,
  },
];
