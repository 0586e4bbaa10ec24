/** One setting of a policy: inherited or a value of this group, and whether groups below may change it. */
import { Checkbox, Group, MultiSelect, Paper, Select, Stack, Text, Textarea } from '@mantine/core';
import {
  choicesOf,
  CIPHERS,
  defaultOf,
  isCarriedOut,
  type DriveException,
  type PolicySetting,
} from '#protocol/people/policy-choices.ts';
import { useTexts } from '../../texts/language.tsx';
import { POLICY } from '../../texts/policy.ts';
import { ExceptionsEditor } from './exceptions-editor.tsx';
import { StateMark } from '../../parts/state-mark.tsx';
import { type ShownPolicy, usePolicyWords } from './policy-words.ts';

const INHERIT = 'inherit';
const OWN = 'own';

type Inherited = ShownPolicy['inherited'][number];

export function SettingRow({
  setting,
  value,
  inherited,
  locked,
  fixed,
  wrong,
  onChange,
  onLock,
}: {
  readonly setting: PolicySetting;
  /** Undefined where the group says nothing. */
  readonly value: unknown;
  readonly inherited: Inherited | undefined;
  readonly locked: boolean;
  /** Nobody may change anything here. */
  readonly fixed: boolean;
  /** The server refused what it says. */
  readonly wrong: boolean;
  readonly onChange: (value: unknown) => void;
  readonly onLock: (locked: boolean) => void;
}) {
  const texts = useTexts(POLICY);
  const words = usePolicyWords();
  const isLocked = inherited?.locked === true;
  const disabled = fixed || isLocked;
  const above = inherited === undefined ? defaultOf(setting) : inherited.value;
  const aboveInWords = words.value(setting, above);
  const label = texts.settings[setting];
  const choices = choicesOf(setting);
  const own = isLocked ? undefined : value;
  const known = (choices ?? []).map((one) => JSON.stringify(one));
  const chosen = own === undefined ? INHERIT : choices === undefined ? OWN : JSON.stringify(own);
  const data = [
    {
      value: INHERIT,
      label:
        inherited === undefined
          ? texts.byDefault(aboveInWords)
          : texts.inherit(words.from(inherited.from), aboveInWords),
    },
    ...(choices === undefined
      ? [{ value: OWN, label: texts.own }]
      : [...known, ...(own === undefined || known.includes(chosen) ? [] : [chosen])].map((one) => ({
          value: one,
          label: words.value(setting, JSON.parse(one)),
        }))),
  ];
  const choose = (one: string | null): void => {
    if (one === null || one === INHERIT) onChange(undefined);
    else onChange(one === OWN ? above : JSON.parse(one));
  };
  return (
    <Paper withBorder p="sm">
      <Stack gap="xs">
        <Group align="end" gap="md">
          <Select
            label={label}
            description={isCarriedOut(setting) ? undefined : texts.notYet}
            data={data}
            value={chosen}
            onChange={choose}
            allowDeselect={false}
            disabled={disabled}
            error={wrong}
            // Red letters are hard to read; the border and the line below say it.
            styles={{ input: { color: 'var(--mantine-color-text)' } }}
            flex="1 1 18rem"
          />
          <Checkbox
            label={texts.locked}
            aria-label={`${label}: ${texts.locked}`}
            checked={own !== undefined && locked}
            disabled={disabled || own === undefined}
            onChange={({ currentTarget }) => onLock(currentTarget.checked)}
            mb={8}
          />
        </Group>
        {wrong && (
          <Group gap={6} wrap="nowrap">
            <StateMark state="bad" />
            <Text size="sm">{texts.wrong}</Text>
          </Group>
        )}
        {chosen === OWN && (
          <ListEditor setting={setting} value={own} disabled={disabled} onChange={onChange} />
        )}
        {isLocked && (
          <Text size="sm" c="dimmed">
            {value === undefined
              ? texts.lockedBy(words.from(inherited.from))
              : texts.notCounting(words.from(inherited.from))}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}

function ListEditor({
  setting,
  value,
  disabled,
  onChange,
}: {
  readonly setting: PolicySetting;
  readonly value: unknown;
  readonly disabled: boolean;
  readonly onChange: (value: unknown) => void;
}) {
  const texts = useTexts(POLICY);
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  if (setting === 'removableExceptions')
    return (
      <ExceptionsEditor value={list as readonly DriveException[]} disabled={disabled} onChange={onChange} />
    );
  const label = texts.settings[setting];
  if (setting === 'driveAlgorithms')
    return (
      <MultiSelect
        aria-label={label}
        data={[...CIPHERS]}
        value={list as string[]}
        onChange={onChange}
        disabled={disabled}
      />
    );
  return (
    <Textarea
      aria-label={label}
      description={texts.folders}
      value={list.join('\n')}
      // An empty line at the end is where the next path is being typed.
      onChange={({ currentTarget }) =>
        onChange(currentTarget.value === '' ? [] : currentTarget.value.split('\n'))
      }
      disabled={disabled}
      autosize
      minRows={2}
    />
  );
}
