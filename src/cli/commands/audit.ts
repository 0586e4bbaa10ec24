/** `keystair audit …`: the events of a server's audit log, and proofs that nobody rewrote it. */
import { randomBytes } from 'node:crypto';
import { openInputFile } from '#disk/open-input.ts';
import { checkNewFile, writeWholeFile } from '#disk/whole-file.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { parseCheckpoint } from '#domain/checkpoint.ts';
import { KeystairError } from '#domain/errors.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import { LIST_PAGE_MAX } from '#domain/limits.ts';
import { parseNote } from '#domain/signed-note.ts';
import type { PeopleAnswer, PeopleRequest } from '#protocol/people/people-routes.ts';
import type { ListedEvent } from '#protocol/people/routes/audit.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import { type AuditFileReport, headLine, readVerifierKeys, verifyAuditFile } from '../audit-file.ts';
import { command, type Noun, type Outcome } from '../command.ts';
import { noticeWords } from '../next-steps.ts';
import { flag, type Option, text, time } from '../options.ts';
import { PackedList, pages } from '../packed-list.ts';
import type { ServerAddress } from '../places.ts';
import { createProgress } from '../progress.ts';
import { STANDARD_STREAM, writeStandardOutput } from '../standard-streams.ts';
import { ok, problem, stateLine } from '../state-words.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, count } from '../words.ts';

const clock = (): number => performance.now();
const random = (bytes: number): Uint8Array => randomBytes(bytes);
const inLines = (amount: number): string => `${Math.round(amount)} lines`;

/** An event as `--json` prints it: its number and its own fields. */
type PrintedEvent = Readonly<Record<string, unknown>> & { readonly number: number };

function printed({ number, line }: ListedEvent): PrintedEvent {
  try {
    return { number, ...(parseJson(line, ROW_JSON) as object) };
  } catch {
    // The line was altered in the database; a verification names it.
    return { number, line };
  }
}

function eventLine({ number, at, by, event, ...rest }: PrintedEvent): string {
  const details = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [String(number).padStart(6), at, event, `by ${String(by)}`, ...details].join('  ');
}

const list = command({
  summary: 'list the events of the audit log, oldest first',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    find: text('TEXT', 'only events that contain this text: a kind, an id, a name'),
    since: time('only events from then on'),
    until: time('only events before then'),
  },
  example: '--find key-revealed --since 2026-01-31 --data /var/lib/keystair',
  run: async (context, _values, { data, find, since, until }) => {
    const client = await context.connect(data);
    const progress = createProgress(context.terminal, 'Searched', clock, inLines);
    const events = new PackedList<PrintedEvent>();
    for await (const page of everyPage(client, { find, since, until })) {
      events.push(page.events.map(printed));
      progress.at(page.searched, undefined);
    }
    progress.end();
    return {
      document: { events, next: null },
      lines: events.length === 0 ? ['No events.'] : eventLines(events),
    };
  },
});

function* eventLines(events: Iterable<PrintedEvent>): Generator<string> {
  for (const event of events) yield eventLine(event);
}

function everyPage(
  client: PeopleClient,
  wanted: Omit<PeopleRequest<'listAudit'>, 'after' | 'limit'>,
): AsyncGenerator<PeopleAnswer<'listAudit'>, void, undefined> {
  return pages<PeopleAnswer<'listAudit'>>((behind) =>
    client('listAudit', { ...wanted, ...behind, limit: LIST_PAGE_MAX }),
  );
}

/** Required only if no file is given; a file needs no server. */
const SERVER_IF_ANY: Omit<typeof ADDRESSED_SERVER, 'data'> & { readonly data: Option<() => ServerAddress> } =
  {
    ...ADDRESSED_SERVER,
    data: {
      ...ADDRESSED_SERVER.data,
      read:
        (...given) =>
        () =>
          ADDRESSED_SERVER.data.read(...given),
    },
  };

const verify = command({
  summary: 'recompute the tree of the audit log, on a server or from an exported file',
  positionals: {},
  options: {
    ...SERVER_IF_ANY,
    file: text('F', 'a file that keystair audit export wrote, instead of a server'),
    vkey: text('F', 'a file with verifier keys that you have from elsewhere, one per line'),
  },
  example: '--file oslo.audit --vkey oslo.vkey',
  check: (_values, { data, file, vkey }) => {
    if (file === undefined) data();
    if (vkey !== undefined && file === undefined) throw new UsageError('--vkey goes with --file');
  },
  run: async (context, _values, { data, file, vkey }) => {
    const progress = createProgress(context.terminal, 'Verifying', clock, inLines);
    if (file !== undefined) {
      const trusted = vkey === undefined ? undefined : await readVerifierKeys(vkey);
      const { stream } = await openInputFile(file);
      const report = await verifyAuditFile(stream as AsyncIterable<Uint8Array>, trusted, (line) =>
        progress.at(line, undefined),
      ).finally(() => {
        progress.end();
        stream.destroy();
      });
      return fileOutcome(report);
    }
    const client = await context.connect(data());
    const watch = { onProgress: progress.at, stop: context.stopSignal() };
    const answer = await client('verifyAudit', {}, watch).finally(progress.end);
    return verifyOutcome({ ...answer, problems: answer.problems.map(noticeWords) }, answer.ok, []);
  },
});

function fileOutcome({ trusted, origin, ...report }: AuditFileReport): Outcome {
  const messages =
    !report.ok || trusted
      ? []
      : [
          'The file is consistent. To prove that a server wrote it, give the verifier key that keystair server status shows on that server: --vkey F',
        ];
  return verifyOutcome({ ...report, origin, trusted }, report.ok, messages);
}

function verifyOutcome(
  document: {
    readonly size: number;
    readonly root: string;
    readonly problems: readonly string[];
    readonly origin?: string | null;
    readonly trusted?: boolean;
  },
  whole: boolean,
  messages: readonly string[],
): Outcome {
  const found = count(document.problems.length, 'problem');
  const outcome: Outcome = {
    document,
    lines: [
      stateLine(`${count(document.size, 'line')} checked, `, whole ? ok(found) : problem(found), ' found.'),
      `Root ${document.root}`,
      ...document.problems,
    ],
    messages,
  };
  if (whole) return outcome;
  return {
    ...outcome,
    failure: new KeystairError('data-damaged', `the verification found ${found}`, {
      nextStep:
        'keep what you have as evidence, and compare it with a backup and with what neighbours witnessed',
    }),
  };
}

const exportLog = command({
  summary: 'write the audit log with its checkpoint into a file that verifies without a server',
  positionals: { file: { placeholder: 'FILE', help: 'the file to write, or - for standard output' } },
  options: { ...ADDRESSED_SERVER, force: flag('replace the file if it is there') },
  example: 'oslo.audit --data /var/lib/keystair',
  check: ({ file }, _options, json) => {
    if (file === STANDARD_STREAM && json)
      throw new UsageError('with --json standard output cannot be FILE; name a file');
  },
  run: async (context, { file }, { data, force }) => {
    const piped = file === STANDARD_STREAM;
    if (!piped) await checkNewFile(file, force);
    const client = await context.connect(data);
    const { checkpoint, keys } = await client('auditCheckpoint', {});
    const size = parseCheckpoint(parseNote(checkpoint)?.text ?? '')?.size ?? 0;
    const progress = createProgress(context.terminal, 'Exporting', clock, inLines);
    const signal = context.stopSignal();
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(headLine({ checkpoint, keys }));
      let written = 0;
      for await (const page of everyPage(client, {})) {
        const lines = page.events.filter(({ number }) => number <= size);
        yield Buffer.from(lines.map(({ line }) => `${line}\n`).join(''));
        written += lines.length;
        progress.at(written, size);
        if (written >= size || lines.length < page.events.length) break;
      }
    }
    const writing = piped
      ? writeStandardOutput(context.terminal, bytes())
      : writeWholeFile({ path: file, force, random, signal }, bytes());
    await writing.finally(progress.end);
    return {
      document: { exported: size, file },
      lines: piped ? [] : [`Exported ${count(size, 'line')} to ${file}`],
      messages: [`To verify it anywhere: keystair audit verify --file ${piped ? 'FILE' : file} --vkey F`],
      ...(piped ? { piped } : {}),
    };
  },
});

const proof = command({
  summary: 'prove that a line is in the audit log, as C2SP tlog-proof',
  positionals: { number: { placeholder: 'N', help: 'the number of the line, as the list shows it' } },
  options: ADDRESSED_SERVER,
  example: '4711 --data /var/lib/keystair',
  check: ({ number }) => void lineNumber(number),
  run: async (context, { number }, { data }) => {
    const client = await context.connect(data);
    const document = await client('auditProof', { id: lineNumber(number) });
    return { document, lines: document.proof.trimEnd().split('\n'), piped: true };
  },
});

function lineNumber(given: string): number {
  if (/^[1-9]\d{0,14}$/.test(given)) return Number(given);
  throw new UsageError(`N must be the number of a line, 1 or more, not '${given}'`);
}

const checkpoint = command({
  summary: 'sign the present state of the audit log as a C2SP checkpoint, and show who countersigned it',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data }) => {
    const client = await context.connect(data);
    const document = await client('auditCheckpoint', {});
    const { countersigned } = document;
    return {
      document,
      lines: document.checkpoint.trimEnd().split('\n'),
      piped: true,
      messages: [
        countersigned === null
          ? 'No other server has countersigned this log.'
          : `${countersigned.primary.name} countersigned its first ${count(countersigned.size, 'line')} at ${countersigned.at}; that note: --json`,
      ],
    };
  },
});

const acknowledge = command({
  summary: 'acknowledge that the log of a neighbour is not the one that was witnessed',
  positionals: { server: { placeholder: 'SERVER', help: 'the neighbour, by id or name' } },
  options: ADDRESSED_SERVER,
  example: 'Lyon --data /var/lib/keystair',
  run: async (context, { server }, { data }) => {
    const client = await context.connect(data);
    const document = await client('acknowledgeAuditGap', { id: server });
    const { name } = document.server;
    return {
      document,
      lines:
        document.gaps === 0
          ? [`There is no gap in the audit log of ${name}.`]
          : [`Acknowledged ${count(document.gaps, 'gap')} in the audit log of ${name}.`],
    };
  },
});

export const auditCommands: Noun = {
  summary: 'the audit log of a server: who did what, and proofs of it',
  verbs: { list, verify, export: exportLog, proof, checkpoint, acknowledge },
};
