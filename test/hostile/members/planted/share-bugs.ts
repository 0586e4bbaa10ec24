/** Bugs by which a neighbour holds more than its share, repeats itself without end, or takes its time. */
import type { Fault, Wrap } from '#test/simulation/planted/bug.ts';
import { type MemberBug, SHORTLY, unbounded } from './bound-bug.ts';

const DOES_NOTHING: Wrap = () => () => undefined;

const TIMES = [
  'TLS_HANDSHAKE_MS_MAX',
  'HEADERS_MS_MAX',
  'REQUEST_MS_MAX',
  'TRANSMISSION_MS_MAX',
  'UNREAD_MS_MAX',
];
const SHORT_MS = 3000;
/** A cheap one: what lingers is held beside it. */
const BESIDE = 'hundreds of connections without a word';
const LINGERING = { harm: BESIDE, seconds: 40, lingering: 15 };
const KINDS = ['a handshake', 'a head', 'a body', 'a transmission', 'an answer that is not read'];

const NOTHING_IS_CHARGED: Fault = { definition: 'MachineApi.#charge', wrap: DOES_NOTHING };
const RECORDS_COST_NOTHING: Fault = {
  definition: 'chargeMember',
  wrap: (sound) => (budgets, member, share, amount) =>
    amount.records === undefined ? sound(budgets, member, share, amount) : undefined,
};
const TAKES_EVERY_REQUEST: Fault = {
  definition: 'Connection.take',
  // What it has no place for is dropped.
  wrap: (sound) => (request, response) => {
    sound(request, response);
    return true;
  },
};
const EACH_EVENT_IS_WRITTEN: Fault = {
  definition: 'CountedEvents.note',
  wrap: (sound) => (name, event, counted) => sound(`${name} ${Math.random()}`, event, counted),
};

export const SHARE_BUGS: readonly MemberBug[] = [
  // --- what one member holds ---
  {
    name: 'a member may have as many connections as it likes',
    faults: [unbounded('MEMBER_CONNECTIONS_MAX')],
    harm: 'more connections of one member than it may have',
    seconds: SHORTLY,
    sees: [/\d+ connections of one member are served/],
  },
  {
    name: 'a connection may have as many requests at once as it likes',
    faults: [TAKES_EVERY_REQUEST],
    harm: 'requests at once on each connection',
    seconds: SHORTLY,
    sees: [/a connection is kept that has \d+ requests/, /because of requests-at-once/],
  },
  {
    name: 'answers that nobody reads may be as many as they like',
    faults: [unbounded('MEMBER_UNREAD_BYTES_MAX'), unbounded('UNREAD_BYTES_MAX')],
    harm: 'pages of a recovery whose answers nobody reads',
    seconds: SHORTLY,
    sees: [/because of answers-unread/],
  },
  {
    name: 'a secondary may have as many transmissions under way as it likes',
    faults: [
      {
        definition: 'OpenStreams.runTransmission',
        wrap: (_sound, self) => (id, abort, work) => self.run(id, abort, work),
      },
    ],
    harm: 'transmissions, each begun before the last is over',
    seconds: SHORTLY,
    sees: [/\d+ transmissions of one secondary are kept/],
  },
  {
    name: 'a connection goes on after a refusal',
    faults: [
      // A body that is not read ends its connection, too.
      { constant: 'LINGER_MS', value: 60_000 },
      {
        definition: 'createApplication',
        wrap: (sound) => (options) =>
          sound(options).addHook(
            'onSend',
            (
              _request: unknown,
              reply: { removeHeader(name: string): void },
              payload: unknown,
              done: (error: null, payload: unknown) => void,
            ) => {
              reply.removeHeader('connection');
              done(null, payload);
            },
          ),
      },
    ],
    harm: 'connections that go on after a refusal',
    seconds: SHORTLY,
    sees: [
      /kept after a request of a stranger/,
      /kept after a request that names no call/,
      /kept after a request whose body is announced/,
    ],
  },
  // --- what is repeated ---
  {
    name: 'no call is counted',
    faults: [NOTHING_IS_CHARGED],
    harm: 'each call until the server says later',
    seconds: SHORTLY,
    sees: [
      /heartbeats of a device: more than/,
      /questions of a device: more than/,
      /calls of a device about receipts: more than/,
      /questions of a secondary: more than/,
    ],
  },
  {
    name: 'no renewal is counted',
    faults: [NOTHING_IS_CHARGED],
    harm: 'a certificate renewed for ever',
    seconds: SHORTLY,
    sees: [/renewals: more than/],
  },
  {
    name: 'no record is counted',
    faults: [RECORDS_COST_NOTHING, { definition: 'putOffMs', wrap: DOES_NOTHING }],
    harm: 'until the server says later',
    seconds: SHORTLY,
    sees: [
      /records of a device: more than/,
      /bytes of a device: more than/,
      /records of a secondary: more than/,
    ],
  },
  {
    name: 'a key that is asked for again and again has a line in the audit log each time',
    faults: [EACH_EVENT_IS_WRITTEN],
    bounds: ['COUNTING_WINDOW_MS'],
    harm: 'the same lookup of a key that it has, for ever',
    seconds: SHORTLY,
    sees: [/the audit log has \d+ lines more/],
  },
  {
    name: 'each invitation that does not exist has a line in the audit log',
    faults: [EACH_EVENT_IS_WRITTEN],
    harm: 'invitations that do not exist, with a new key pair each time',
    seconds: SHORTLY,
    sees: [/the audit log has \d+ lines more/],
  },
  {
    name: 'a key that nobody has is asked for again at once',
    faults: [{ constant: 'LOOKUP_MISS_MS', value: 0 }],
    harm: 'the same question, for ever',
    seconds: SHORTLY,
    sees: [/one question is passed up \d+ times/],
  },
  {
    name: 'a batch that is put off comes again at once',
    faults: [{ constant: 'PUT_OFF_MS_MIN', value: 1 }],
    harm: 'later, at once',
    seconds: SHORTLY,
    sees: [/a batch that was put off comes \d+ times/],
  },
  {
    name: 'a server passes up as many questions at a time as there are',
    faults: [unbounded('LOOKUPS_UPWARD_MAX')],
    harm: 'more questions at a time than are passed up',
    seconds: SHORTLY,
    sees: [/none is told to come later/],
  },
  // --- what takes its time: the limits are half a minute and more, so that all of them are short in a copy ---
  {
    name: 'nothing lingers where each limit of time is short, as it should be',
    faults: TIMES.map((constant) => ({ constant, value: SHORT_MS })),
    ...LINGERING,
    sees: [/still open: \{\}/],
  },
  {
    name: 'whatever comes slowly, or is not read, may take as long as it likes',
    // Requests in line are ended where an answer is not read: that bound hides the one of time.
    faults: [...TIMES.map(unbounded), TAKES_EVERY_REQUEST],
    ...LINGERING,
    sees: KINDS.map((kind) => new RegExp(`connections are open that hold ${kind}`)),
  },
];
