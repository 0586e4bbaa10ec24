/**
 * Bugs by which a hostile neighbour does harm: each takes a bound away, and with it whatever else stands behind the same
 * bound. A bug names definitions and what is to stand in their place, and no text around them.
 */

interface Definition {
  /** In src. */
  readonly file: string;
  /** Of a constant that is defined in one line. */
  readonly name: string;
  readonly instead: string;
}

export interface MemberBug {
  readonly name: string;
  readonly without: readonly Definition[];
  /** Which harm shows it. */
  readonly harm: string;
  readonly seconds: number;
  /** What is said of it. */
  readonly sees: RegExp;
}

/** As many as nobody sends, and few enough for a timer. */
const NO_BOUND = '2_000_000_000';
/** With starting and looking at all of it; what takes longer stands still. */
const SHORTLY = 10;

function unbounded(file: string, ...names: readonly string[]): readonly Definition[] {
  return names.map((name) => ({ file, name, instead: NO_BOUND }));
}

export const MEMBER_BUGS: readonly MemberBug[] = [
  {
    name: 'a tree may be as deep as it likes',
    without: [
      ...unbounded('domain/message-limits.ts', 'TREE_DEPTH_MAX'),
      { file: 'domain/limits.ts', name: 'LOOKUP_DEPTH_MAX', instead: '4000' },
    ],
    harm: 'a tree as deep as fits, its fields right',
    seconds: SHORTLY,
    sees: /answered with 500|hierarchy show fails|the server ended/,
  },
  {
    name: 'a body may take as long as it likes',
    without: unbounded('domain/listener-limits.ts', 'REQUEST_MS_MAX'),
    harm: 'bodies that come byte by byte',
    seconds: 60,
    sees: /connections are open that hold a body/,
  },
];
