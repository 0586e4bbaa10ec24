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
import { ADDRESSED_SERVER, count, OPTION_NAME, onOrOff } from '../words.ts';
import { backup, restore } from './backup.ts';
import { initRecovery } from './init-recovery.ts';
import { recipient } from './recipient.ts';
import { addSeal, removeSeal, rotateDataKey, seals, unseal } from './seals.ts';
import { verify } from './verify.ts';

const clock = (): number => performance.now();

const start = command({
  summary: 'run an Administration Server in the foreground; the first start creates its data directory',
  positionals: {},
  options: {
    data: place(`where the server keeps its repository; else KEYSTAIR_DATA, else ${USUAL_DATA}`, startPlace),
    name: name('how people call this server; by default the name of the machine'),
    listen: address('where devices and secondaries connect; port 0 picks one', { portMin: 0 }),
    address: address(
      'what invitations carry and the certificate names; needed behind NAT or where --listen is a wildcard',
      {
        portMin: 1,
      },
    ),
    console: address('where the console listens (there is no console yet)', { portMin: 0 }),
    database: text('URL', 'a PostgreSQL database, instead of the embedded one (not available yet)'),
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
          terminal.say(
            'Standard output did not take the line that the server is ready; it serves all the same.',
          );
        });
        if (ready.sealed === true) terminal.say(sealedNotice(options.data));
      },
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
  run: async (context, _values, { data }) => {
    const client = await context.connect(data);
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
    ...ADDRESSED_SERVER,
    'use-hierarchy': onOff(OPTION_NAME),
    transmit: choice(['immediately', 'heartbeat'], 'when a new key goes to the primary'),
    heartbeat: duration('SECONDS', 'between two heartbeats', {
      secondsMin: HEARTBEAT_INTERVAL_MS_MIN / 1000,
      secondsMax: HEARTBEAT_INTERVAL_MS_MAX / 1000,
    }),
  },
  example: '--data /var/lib/keystair --use-hierarchy on',
  run: async (context, _values, { data, 'use-hierarchy': useHierarchy, transmit, heartbeat }) => {
    const client = await context.connect(data);
    const changes = {
      ...(useHierarchy === undefined ? {} : { useHierarchy }),
      ...(transmit === undefined ? {} : { transmit }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
    };
    const answer =
      Object.keys(changes).length === 0
        ? await client('showSettings', {})
        : await client('changeSettings', changes);
    return settingsOutcome(answer);
  },
});

function settingsOutcome(answer: SettingsAnswer): Outcome {
  const { notHeard, ...shown } = answer;
  const names = notHeard.map(({ name }) => name).join(', ');
  return {
    document: { ...shown, notHeard },
    lines: columns([
      [OPTION_NAME, onOrOff(shown.useHierarchy)],
      ['New keys are transmitted', shown.transmit === 'immediately' ? 'immediately' : 'with the heartbeat'],
      ['Heartbeat', `every ${secondsToText(shown.heartbeat)}`],
    ]),
    messages:
      notHeard.length === 0
        ? []
        : [
            `Not heard of the changed option yet: ${names}. The next heartbeat tells it; a secondary makes one now with: keystair hierarchy heartbeat`,
          ],
  };
}

const recover = command({
  summary: 'have back from the primary the keys it once had from here; allowed there first',
  positionals: {},
  options: ADDRESSED_SERVER,
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data }) => {
    const client = await context.connect(data);
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
        `${count(report.new, 'key')} came back from ${primary.name}; ${report.known} of what it had from here ${report.known === 1 ? 'was' : 'were'} here.`,
        ...notGiven.map(({ id, reason }) => `  ${id}: ${NOT_GIVEN[reason] ?? reason}`),
        ...(moreNotGiven === 0 ? [] : [`  and ${count(moreNotGiven, 'key')} more`]),
      ],
      messages: [
        ...(notGiven.length === 0
          ? []
          : ['Look for those in a backup, an export file, or on a server below; nothing here was changed.']),
        `It may be ended there now: keystair hierarchy allow-recovery SERVER --off`,
      ],
    };
  },
});

/** Why a key was not recovered. */
const NOT_GIVEN: Readonly<Record<string, string>> = {
  unknown: 'the primary has it no more',
  unreadable: 'the record is damaged at the primary, too',
  'bad-answer': 'what the primary gave is not that key',
  'here-with-other-content': 'another record is known here under this id; it was not changed',
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
    restore,
    'recover-from-primary': recover,
    seals,
    'add-seal': addSeal,
    'remove-seal': removeSeal,
    unseal,
    'init-recovery': initRecovery,
    'rotate-data-key': rotateDataKey,
  },
};
