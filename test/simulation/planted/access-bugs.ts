/** Bugs by which a key gets where it should not, or unseen, or a refusal tells the wrong reason. */
import type { Bug, Loose } from './bug.ts';
import { AUDIT_NOT_WAITED_FOR, PROVISIONS_NOT_WAITED_FOR } from './not-waited-for.ts';

export const ACCESS_BUGS: readonly Bug[] = [
  {
    name: 'a DMZ mark is not looked at by the sender',
    faults: [
      {
        definition: 'PrimaryLink.#verdict',
        wrap: (sound) => (primary, options) => sound({ ...primary, dmz: false }, options),
      },
    ],
    seed: 1,
  },
  {
    name: 'a DMZ mark is not looked at by the receiver',
    faults: [
      {
        definition: 'storeBatch',
        wrap:
          (sound) =>
          (ports, transaction, member, ...rest) =>
            sound(ports, transaction, { ...member, dmz: false }, ...rest),
      },
    ],
    seed: 6,
  },
  {
    name: 'a DMZ mark is not looked at when a key is given to a secondary',
    faults: [
      {
        definition: 'judgeSecondary',
        wrap: (sound) => (ports, member, asked) => sound(ports, { ...member, dmz: false }, asked),
      },
    ],
    seed: 5,
  },
  {
    name: 'the option is not looked at by the sender',
    faults: [
      {
        definition: 'PrimaryLink.#verdict',
        wrap: (sound) => (primary, options) => sound(primary, { ...options, useHierarchy: true }),
      },
    ],
    seed: 1,
  },
  {
    name: 'the option is not looked at by the receiver',
    faults: [
      {
        definition: 'storeBatch',
        wrap: (sound) => {
          const switchedOn = async (options: Promise<object>) => ({ ...(await options), useHierarchy: true });
          return (ports, ...rest) =>
            sound(
              { ...ports, rows: { get: (...asked: unknown[]) => switchedOn(ports.rows.get(...asked)) } },
              ...rest,
            );
        },
      },
    ],
    seed: 2,
  },
  {
    name: 'a claim is not compared',
    faults: [{ definition: 'claimFits', wrap: () => () => true }],
    seed: 1,
  },
  {
    name: 'questions about one key share an answer whatever their claims',
    faults: [{ definition: 'flightName', wrap: () => (question) => question.id }],
    seed: 1,
  },
  {
    name: 'a device gets a key before the audit log knows',
    faults: [{ definition: 'provideToDevice', wrap: PROVISIONS_NOT_WAITED_FOR }],
    seed: 1,
  },
  {
    name: 'a secondary gets a key that the audit log never tells of',
    faults: [
      {
        definition: 'provideToSecondary',
        wrap: (sound) => {
          const own = (ports: Loose) => async (provision: Loose) => {
            if (provision.source === ports.server.id) await ports.provisions.note(provision);
          };
          return (ports, ...rest) => sound({ ...ports, provisions: { note: own(ports) } }, ...rest);
        },
      },
    ],
    seed: 1,
  },
  {
    name: 'a batch leaves before the audit log knows',
    faults: [{ definition: 'prepareBatch', wrap: AUDIT_NOT_WAITED_FOR }],
    seed: 1,
  },
  {
    name: 'a reveal is told of afterwards',
    faults: [{ definition: 'revealKey', wrap: AUDIT_NOT_WAITED_FOR }],
    seed: 1,
  },
  {
    name: 'an unknown key stays unknown',
    faults: [
      {
        definition: 'Lookups.#coalesce',
        wrap: (sound, self) => async (question, way, primary) => {
          self.unknown ??= new Map();
          const before = self.unknown.get(question.id);
          if (before !== undefined) return { ...before, asked: [...way.asked, ...before.asked] };
          const outcome = await sound(question, way, primary);
          if (outcome.reason === 'unknown-key') {
            self.unknown.set(question.id, { ...outcome, asked: outcome.asked.slice(way.asked.length) });
          }
          return outcome;
        },
      },
    ],
    seed: 3,
  },
  {
    name: 'a removed member is still served',
    faults: [{ definition: 'mayCall', wrap: () => () => true }],
    seed: 5,
  },
  {
    name: 'a lookup goes up although the option is off',
    faults: [
      {
        definition: 'WayUp.#refusalBy',
        wrap: (sound) => (primary, verdict, asked) =>
          verdict === 'own-option-off' ? undefined : sound(primary, verdict, asked),
      },
    ],
    seed: 1,
  },
  {
    name: 'a DMZ mark is told of as an option that is off',
    faults: [
      {
        definition: 'WayUp.#refusalBy',
        wrap: (sound) => (primary, verdict, asked) =>
          sound(primary, verdict === 'dmz' ? 'own-option-off' : verdict, asked),
      },
    ],
    seed: 1,
  },
  {
    name: 'rows that decide are remembered and not read again',
    faults: [
      {
        definition: 'TrustedRows.get',
        wrap: (sound, self) => async (reader, kind, id) => {
          self.settings ??= new Map();
          const before = kind === 'setting' ? self.settings.get(id) : undefined;
          if (before !== undefined) return before;
          const row = await sound(reader, kind, id);
          if (kind === 'setting') self.settings.set(id, row);
          return row;
        },
      },
    ],
    seed: 1,
  },
  {
    name: 'what is under way goes on when the option is switched off',
    faults: [
      {
        definition: 'changeSettings',
        wrap:
          (sound) =>
          (ports, ...rest) =>
            sound(
              {
                ...ports,
                link: { closeStreams: () => undefined, lastHeardAt: ports.link.lastHeardAt },
                streams: { closeAll: () => undefined },
              },
              ...rest,
            ),
      },
    ],
    seed: 39,
  },
  {
    name: 'what is under way goes on when a link is marked DMZ',
    faults: [
      {
        definition: 'setDmz',
        wrap:
          (sound) =>
          (ports, ...rest) =>
            sound(
              { ...ports, link: { closeStreams: () => undefined }, streams: { close: () => undefined } },
              ...rest,
            ),
      },
    ],
    seed: 4,
  },
];
