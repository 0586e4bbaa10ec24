/** `keystair server …`: runs a server, shows it, configures it. */
import { KeystairError } from '#domain/errors.ts';
import { readableJson } from '#domain/name.ts';
import { HEARTBEAT_INTERVAL_MS_MAX, HEARTBEAT_INTERVAL_MS_MIN } from '#domain/limits.ts';
import type { SettingsAnswer } from '#protocol/people/routes/server.ts';
import type { Noun } from '../command.ts';
import { command, type Outcome } from '../command.ts';
import { secondsToText } from '../durations.ts';
import { noticeWords, stepWords } from '../next-steps.ts';
import { address, choice, duration, name, onOff, place, text } from '../options.ts';
import { startPlace, USUAL_DATA } from '../places.ts';
import { sealedLines } from '../seal-lines.ts';
import { serverStatusLines } from '../server-status-lines.ts';
import { createProgress, inKeys } from '../progress.ts';
import { columns } from '../table.ts';
import { ADDRESSED_SERVER, count, EDITED_SERVER, OPTION_NAME, onOrOff, withVersion } from '../words.ts';
import { acceptRollback } from './accept-rollback.ts';
import { backup, restore } from './backup.ts';
import { backups } from './backups.ts';
import { initRecovery } from './init-recovery.ts';
import { migrate } from './migrate.ts';
import { recipient } from './recipient.ts';
import { addSeal, removeSeal, rotateDataKey, seals, unseal } from './seals.ts';
import { verify } from './verify.ts';

const clock = (): number => performance.now();

const start = command({
  summary: 'run an Administration Server in the foreground; the first start creates its data directory',
  positionals: {},
  options: {
    data: place(`where the server keeps its repository; else KEYSTAIR_DATA, else ${USUAL_DATA}`, startPlace),
    name: name('the name that people see; by default the name of the machine'),
    listen: address('where devices and secondaries connect; port 0 picks one', { portMin: 0 }),
    address: address(
      'the address in invitations and in the certificate; needed behind NAT or if --listen is a wildcard',
      {
        portMin: 1,
      },
    ),
    console: text(
      'HOST:PORT',
      'where people reach the server over TLS; http://127.0.0.1:PORT for a proxy on this machine',
    ),
    database: text(
      'URL',
      'a PostgreSQL database in place of the embedded one: postgres://USER@HOST[,HOST…]/NAME',
    ),
    config: text('FILE', 'a configuration file'),
  },
  example: '--data /var/lib/keystair --name Oslo --listen 0.0.0.0:7443 --address keys.oslo.example:7443',
  run: async (context, _values, options) => {
    // Before the program is loaded: a signal during the start is a stop, not a kill.
    const stop = context.stopSignal();
    const { runServer } = await context.serverProgram();
    const { terminal } = context;
    await runServer(options, {
      stop,
      onReady: (ready) => {
        // Nobody may be there to read it: a server serves all the same, so that is no failure.
        terminal.print(`${readableJson(JSON.stringify(ready))}\n`).catch(() => {
          terminal.say('The ready line could not be written to standard output; the server is serving.');
        });
        if (ready.sealed === true) terminal.say(sealedNotice(options.data));
      },
      // On standard error, where people look and programs do not.
      onSetUpLink: (url) =>
        terminal.say(
          `Nobody can sign in yet. This link sets up the first administrator, once, within an hour; it is shown here only: ${url}`,
        ),
    });
    return { document: null, lines: [] };
  },
});

function sealedNotice(data: string): string {
  return `keystair: server-sealed: the server is sealed and serves nobody; open it with keystair server unseal --data ${data}`;
}

const status = command({
  summary: 'show the server: its option, its keys, its primary and its secondaries',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address }) => {
    const client = await context.connect(address);
    try {
      const answer = await client('serverStatus', {});
      const document = { ...answer, warnings: answer.warnings.map(noticeWords) };
      return { document, lines: serverStatusLines(document) };
    } catch (error) {
      if (!(error instanceof KeystairError) || error.code !== 'server-sealed') throw error;
      const { step, ...state } = await client('sealState', {});
      const nextStep = state.nextStep === null ? null : stepWords({ nextStep: state.nextStep, step });
      const document = { ...state, nextStep, warnings: state.warnings.map(noticeWords) };
      return { document, lines: sealedLines(document) };
    }
  },
});

const settings = command({
  summary: 'show the settings, or change those given',
  positionals: {},
  options: {
    ...EDITED_SERVER,
    'use-hierarchy': onOff(OPTION_NAME),
    transmit: choice(['immediately', 'heartbeat'], 'when new keys go to the primary'),
    'take-policy': onOff("let the policy of the primary's root group count here, above this server's own"),
    heartbeat: duration('SECONDS', 'the time between two heartbeats', {
      secondsMin: HEARTBEAT_INTERVAL_MS_MIN / 1000,
      secondsMax: HEARTBEAT_INTERVAL_MS_MAX / 1000,
    }),
  },
  example: '--data /var/lib/keystair --use-hierarchy on',
  run: async (
    context,
    _values,
    { data: address, 'use-hierarchy': useHierarchy, transmit, heartbeat, 'take-policy': takePolicy },
  ) => {
    const client = await context.connect(address);
    const changes = {
      ...(useHierarchy === undefined ? {} : { useHierarchy }),
      ...(transmit === undefined ? {} : { transmit }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
      ...(takePolicy === undefined ? {} : { takePolicy }),
    };
    const { answer, version } = await withVersion((told) =>
      Object.keys(changes).length === 0
        ? client('showSettings', {}, undefined, told)
        : client('changeSettings', changes, undefined, told),
    );
    return settingsOutcome(answer, version);
  },
});

function settingsOutcome(answer: SettingsAnswer, version: string | undefined): Outcome {
  const { notHeard, ...shown } = answer;
  const names = notHeard.map(({ name }) => name).join(', ');
  return {
    document: { ...shown, notHeard, version },
    lines: columns([
      [OPTION_NAME, onOrOff(shown.useHierarchy)],
      ['New keys are transmitted', shown.transmit === 'immediately' ? 'immediately' : 'with the heartbeat'],
      ['Heartbeat', `every ${secondsToText(shown.heartbeat)}`],
      ["Take the primary's policy", onOrOff(shown.takePolicy)],
      ['Version', version ?? ''],
    ]),
    messages:
      notHeard.length === 0
        ? []
        : [
            `Not yet notified of the changed option: ${names}. The next heartbeat carries it; a secondary sends one at once with: keystair hierarchy heartbeat`,
          ],
  };
}

const recover = command({
  summary:
    'recover from the primary the keys that this server sent it; an administrator there must allow it first',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address }) => {
    const client = await context.connect(address);
    const progress = createProgress(context.terminal, 'Recovering', clock, inKeys);
    const report = await client(
      'recoverFromPrimary',
      {},
      { onProgress: progress.at, stop: context.stopSignal() },
    ).finally(progress.end);
    const { primary, notGiven, moreNotGiven = 0 } = report;
    return {
      document: report,
      lines: [
        `${count(report.new, 'key')} recovered from ${primary.name}; ${report.known} of those it has from here ${report.known === 1 ? 'was' : 'were'} still here.`,
        ...notGiven.map(({ id, reason }) => `  ${id}: ${NOT_GIVEN[reason] ?? reason}`),
        ...(moreNotGiven === 0 ? [] : [`  and ${count(moreNotGiven, 'key')} more`]),
      ],
      messages: [
        ...(notGiven.length === 0
          ? []
          : ['Look for those in a backup, an export file, or on a secondary; nothing here was changed.']),
        `An administrator of the primary can now end it: keystair hierarchy allow-recovery SERVER --off`,
      ],
    };
  },
});

/** Why a key was not recovered. */
const NOT_GIVEN: Readonly<Record<string, string>> = {
  unknown: 'the primary no longer has it',
  unreadable: 'the record is also damaged at the primary',
  'bad-answer': 'the primary returned something that is not that key',
  'here-with-other-content': 'this server has a different record with this id; it was not changed',
};

export const serverCommands: Noun = {
  summary: 'an Administration Server',
  verbs: {
    start,
    status,
    settings,
    recipient,
    verify,
    backup,
    backups,
    restore,
    migrate,
    'accept-rollback': acceptRollback,
    'recover-from-primary': recover,
    seals,
    'add-seal': addSeal,
    'remove-seal': removeSeal,
    unseal,
    'init-recovery': initRecovery,
    'rotate-data-key': rotateDataKey,
  },
};
