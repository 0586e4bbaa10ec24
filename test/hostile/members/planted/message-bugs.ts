/** Bugs by which one message costs too much: its bounds are gone. */
import type { Fault } from '#test/simulation/planted/bug.ts';
import { type MemberBug, SHORTLY, unbounded } from './bound-bug.ts';

/** What a schema can still nest. */
const DEEPER = 4000;

/** Each fault of a message is gathered, as zod does where it is not told otherwise. */
const EVERY_FAULT: Fault = {
  definition: 'formed',
  wrap: () => (form, value) => {
    const parsed = form.safeParse(value);
    return parsed.success ? { ok: true, value: parsed.data } : { ok: false, fault: parsed.error.issues[0] };
  },
};
const FULL = /the server held|the server ended/;

function oneOver(names: readonly string[], more = ''): readonly RegExp[] {
  return names.map((name) => new RegExp(`over ${name}\\b.*${more}`));
}

const OF_DEVICE = [
  'REQUEST_BYTES_MAX',
  'REQUEST_VALUES_MAX',
  'MESSAGE_DEPTH_MAX',
  'REQUEST_HEAD_BYTES_MAX',
  'DEVICE_PAGE_MAX',
  'UNWRAP_STANZAS_MAX',
  'NAME_LENGTH_MAX',
  'RECEIPT_LENGTH_MAX',
  'KEY_MATERIAL_BYTES_MAX',
  'KEY_FIELDS_BYTES_MAX',
];
const OF_SECONDARY = [
  'TREE_VALUES_MAX',
  'TREE_DEPTH_MAX',
  'TREE_PROBLEM_LENGTH_MAX',
  'ASKED_SERVERS_MAX',
  'LOOKUP_DEADLINE_MS_MAX',
  'RECOVERY_PAGE_KEYS',
  'TRANSMISSION_BYTES_MAX',
  'TRANSMISSION_LINE_BYTES_MAX',
  'TRANSMISSION_KEYS_MAX',
  'KEY_VALUES_MAX',
];
const OF_ANSWERS = [
  'KEY_ANSWER_BYTES_MAX',
  'MESSAGE_DEPTH_MAX',
  'ASKED_SERVERS_MAX',
  'NAME_LENGTH_MAX',
  'INTERIM_ANSWERS_MAX',
  'ANSWER_BYTES_MAX',
  'ANSWER_VALUES_MAX',
  'ADDRESSES_MAX',
];

export const MESSAGE_BUGS: readonly MemberBug[] = [
  {
    name: 'a tree may be as deep as it likes',
    faults: [unbounded('TREE_DEPTH_MAX'), { constant: 'LOOKUP_DEPTH_MAX', value: DEEPER }],
    harm: 'a tree as deep as fits, its fields right',
    seconds: SHORTLY,
    sees: [/answered with 500|hierarchy show fails|the server ended/],
  },
  {
    name: 'a tree is checked to its last fault, however many values it has',
    faults: [unbounded('TREE_VALUES_MAX'), unbounded('SIDE_BY_SIDE_MAX'), EVERY_FAULT],
    harm: 'a tree of 80,000 times {}',
    seconds: SHORTLY,
    sees: [FULL],
  },
  {
    name: 'a secondary may tell of as many servers as fit',
    faults: [unbounded('TREE_SERVERS_MAX'), unbounded('TREE_BYTES_MAX')],
    harm: 'a tree as wide as fits, another each time',
    seconds: SHORTLY,
    sees: [/shows \d+ servers below one secondary/],
  },
  {
    name: 'a device may send more than its limits of messages',
    faults: OF_DEVICE.map(unbounded),
    harm: 'one more of each than a device may send',
    seconds: SHORTLY,
    sees: oneOver(OF_DEVICE, 'is answered'),
  },
  {
    name: 'a secondary may send more than its limits of messages',
    faults: [...OF_SECONDARY.map(unbounded), { constant: 'LOOKUP_DEPTH_MAX', value: 100 }],
    harm: 'one more of each than a secondary may send',
    seconds: SHORTLY,
    sees: oneOver([...OF_SECONDARY, 'LOOKUP_DEPTH_MAX'], 'is answered'),
  },
  {
    name: 'a primary may answer with more than its limits of messages',
    faults: [
      ...OF_ANSWERS.map(unbounded),
      unbounded('REQUEST_VALUES_MAX'),
      { constant: 'LOOKUP_DEPTH_MAX', value: 100 },
    ],
    harm: 'answers one over their limits, and honest otherwise',
    seconds: SHORTLY,
    sees: oneOver([...OF_ANSWERS, 'REQUEST_VALUES_MAX', 'LOOKUP_DEPTH_MAX'], 'is believed'),
  },
  {
    name: 'an answer is checked to its last fault, however many values it has',
    faults: [unbounded('ANSWER_VALUES_MAX'), unbounded('ADDRESSES_MAX'), EVERY_FAULT],
    harm: 'addresses of a million numbers',
    seconds: SHORTLY,
    sees: [FULL],
  },
  {
    name: 'a primary that contradicts itself is told of ever new epochs',
    faults: [unbounded('NEW_EPOCHS_MAX')],
    harm: 'cursors that contradict one another, for ever',
    seconds: SHORTLY,
    sees: [/gets \d+ epochs in/],
  },
  {
    name: 'every epoch of a secondary is remembered',
    faults: [unbounded('EPOCHS_KEPT_MAX')],
    harm: 'an epoch again, after as many others as are remembered',
    seconds: SHORTLY,
    sees: [/beyond EPOCHS_KEPT_MAX others/],
  },
];
