/** `keystair policies …`: what the devices of a group must do. */
import { JsonOutOfBounds, isObject, parseJson } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';
import { REQUEST_JSON } from '#domain/json-bounds.ts';
import { REQUEST_BYTES_MAX } from '#domain/limits.ts';
import { notCarriedOut } from '#domain/policy/policy.ts';
import { step } from '#domain/step.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Noun } from '../command.ts';
import { command } from '../command.ts';
import type { Context } from '../context.ts';
import { askVisibly } from '../hidden-prompt.ts';
import { flag, required, text } from '../options.ts';
import { readText } from '../secrets.ts';
import { columns, tableOf } from '../table.ts';
import { ADDRESSED_SERVER, count, EDITED_SERVER, withVersion } from '../words.ts';

type Shown = PeopleAnswer<'showPolicy'>;
type Effect = PeopleAnswer<'previewPolicy'>;

const GROUP = {
  group: { placeholder: 'G', help: 'id or name of the group; the root group has the name of the server' },
};
const ANSWER_LENGTH_MAX = 16;

const show = command({
  summary: 'show the policy that holds for a group: each setting, where it comes from, whether it is locked',
  positionals: GROUP,
  options: ADDRESSED_SERVER,
  example: 'Lyon --data /var/lib/keystair',
  run: async (context, { group: id }, { data: address }) => {
    const client = await context.connect(address);
    const { answer, version } = await withVersion((told) => client('showPolicy', { id }, undefined, told));
    return { document: { ...answer, version }, lines: policyLines(answer, version), messages: notes(answer) };
  },
});

function policyLines(shown: Shown, version: string | undefined): string[] {
  const { group, number, settings } = shown;
  return [
    ...columns([
      ['Group', group.name],
      ['Number', String(number)],
      ['Version', version ?? ''],
    ]),
    '',
    ...tableOf(
      ['Setting', 'From', 'Locked', 'Value'],
      settings,
      ({ setting, value, from, locked, known }) => [
        setting,
        from.id === group.id ? 'this group' : fromWords(from),
        locked ? 'yes' : '',
        known ? inWords(value) : `${inWords(value)} (not known to this release)`,
      ],
    ),
  ];
}

function notes({ group, policy, settings, overruled }: Shown): string[] {
  const unknown = settings.filter(({ known }) => !known).map(({ setting }) => setting);
  return [
    ...overruled.map(
      ({ setting, by }) => `${setting} of this group does not count: it is locked by ${fromWords(by)}.`,
    ),
    ...(unknown.length === 0
      ? []
      : [`A later release set ${unknown.join(', ')}: devices of this release leave it.`]),
    ...notYet(Object.fromEntries(settings.map(({ setting, value }) => [setting, value]))),
    ...(Object.keys(policy).length === 0
      ? [`${group.name} has no policy of its own. To set one: keystair policies set G --file FILE`]
      : []),
  ];
}

/** So that nobody trusts in what no device does. */
function notYet(values: Readonly<Record<string, unknown>>): string[] {
  return notCarriedOut(values).map((name) => `Devices are told of ${name} and do nothing about it yet.`);
}

function fromWords({ kind, name }: Shown['settings'][number]['from']): string {
  if (kind === 'default') return 'default';
  if (kind === 'primary') return `the primary${name === null ? '' : ` ${name}`}`;
  return name === null ? 'a group above' : `the group ${name}`;
}

function inWords(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(inWords).join(', ');
  if (isObject(value) && 'rule' in value) {
    const { rule, serial, model } = value;
    return `${inWords(rule)} for ${serial === undefined ? `model ${inWords(model)}` : `serial ${inWords(serial)}`}`;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const set = command({
  summary: 'replace the policy of a group; shows first what it changes and for how many devices',
  positionals: GROUP,
  options: {
    ...EDITED_SERVER,
    file: required(text('FILE|-', 'the policy as JSON, or - for standard input')),
    'dry-run': flag('only check the policy, and show what it would change'),
    yes: flag('do not ask on a terminal'),
  },
  example: 'Lyon --file office.json --dry-run --data /var/lib/keystair',
  run: async (context, { group: id }, { data: address, file, 'dry-run': dryRun, yes }) => {
    const policy = await readPolicy(context, file);
    const client = await context.connect(address);
    const asks = !yes && file !== '-' && context.terminal.inputIsPerson && context.terminal.outputIsTerminal;
    if (dryRun || asks) {
      const effect = await client('previewPolicy', { id, policy });
      if (dryRun)
        return {
          document: effect,
          lines: effectLines(effect, 'would change'),
          messages: [...notYet(policy), 'Nothing was changed.'],
        };
      for (const line of [...effectLines(effect, 'changes'), ...notYet(policy)]) context.terminal.say(line);
      await requireYes();
    }
    const answer = await client('setPolicy', { id, policy });
    return {
      document: answer,
      lines: effectLines(answer, 'changed'),
      messages: [
        ...notYet(policy),
        `The policy of ${answer.group.name} has the number ${answer.number}. Devices hear of it with their next heartbeat.`,
      ],
    };
  },
});

async function readPolicy(context: Context, file: string): Promise<Record<string, unknown>> {
  const asked = { called: 'the policy', question: 'Policy', bytesMax: REQUEST_BYTES_MAX };
  const written = await readText(file, asked, context.terminal);
  let policy: unknown;
  try {
    policy = parseJson(written, REQUEST_JSON);
  } catch (error) {
    const why = error instanceof JsonOutOfBounds ? `has ${error.message}` : 'is not JSON';
    throw policyInvalid(why);
  }
  if (!isObject(policy)) throw policyInvalid('is not a JSON object of settings');
  return policy;
}

function policyInvalid(why: string): KeystairError {
  return new KeystairError('policy-invalid', `the policy ${why}`, {
    nextStep: step('look-at-policy-schema'),
  });
}

async function requireYes(): Promise<void> {
  const answer = (await askVisibly('Set this policy? Type yes: ', ANSWER_LENGTH_MAX)).trim();
  if (answer === 'yes') return;
  throw new KeystairError('interrupted', 'the policy was not set', {
    nextStep: 'nothing was changed; run the command again to set it',
  });
}

function effectLines(effect: Effect, changes: string): string[] {
  const { group, changes: changed, devices, groups, overruled } = effect;
  const where = devices > 0 && groups.length > 1 ? `, in ${count(groups.length, 'group')}` : '';
  return [
    `The policy ${changes} something for ${count(devices, 'device')}${where}.`,
    ...(changed.length === 0
      ? [`Nothing ${changes === 'changed' ? 'changed' : 'changes'} for ${group.name} itself.`]
      : columns(
          changed.map(({ setting, before, after }) => [setting, `${inWords(before)} -> ${inWords(after)}`]),
        )),
    ...overruled.map(
      ({ setting, group: one }) => `${one.name} sets ${setting} itself, which does not count any more.`,
    ),
  ];
}

const schema = command({
  summary: 'print the JSON Schema of a policy, for editors and scripts',
  positionals: {},
  options: {},
  example: '> policy.schema.json',
  run: async () => {
    const { POLICY_SCHEMA } = await import('#domain/policy/schema.ts');
    return { document: POLICY_SCHEMA, lines: JSON.stringify(POLICY_SCHEMA, undefined, 2).split('\n') };
  },
});

export const policiesCommands: Noun = {
  summary: 'what the devices of a group must do',
  verbs: { show, set, schema },
};
