/** Removable drives with a rule of their own: by serial number or model, and why. */
import { Button, CloseButton, Group, Paper, Select, Stack, TextInput } from '@mantine/core';
import { DRIVE_RULES, type DriveException, type DriveRule } from '#protocol/people/policy-choices.ts';
import { useTexts } from '../../texts/language.tsx';
import { POLICY } from '../../texts/policy.ts';

export function ExceptionsEditor({
  value,
  disabled,
  onChange,
}: {
  readonly value: readonly DriveException[];
  readonly disabled: boolean;
  readonly onChange: (value: readonly DriveException[]) => void;
}) {
  const texts = useTexts(POLICY);
  const replace = (at: number, one: DriveException): void => onChange(value.with(at, one));
  return (
    <Stack gap="xs">
      {value.map((one, at) => {
        const { serial, model, rule, remark } = one;
        const name = serial ?? model ?? '';
        const rest = { rule, ...(remark === undefined ? {} : { remark }) };
        return (
          // They have no other name than their place: two may be empty.
          <Paper key={at} withBorder p="xs">
            <Group gap="xs" align="end">
              <Select
                label={texts.by}
                data={[
                  { value: 'serial', label: texts.serial },
                  { value: 'model', label: texts.model },
                ]}
                value={model === undefined ? 'serial' : 'model'}
                onChange={(by) =>
                  replace(at, by === 'model' ? { model: name, ...rest } : { serial: name, ...rest })
                }
                allowDeselect={false}
                disabled={disabled}
                w="10rem"
              />
              <TextInput
                label={texts.value}
                value={name}
                onChange={({ currentTarget: { value: typed } }) =>
                  replace(at, model === undefined ? { serial: typed, ...rest } : { model: typed, ...rest })
                }
                disabled={disabled}
                flex="1 1 12rem"
              />
              <Select
                label={texts.rule}
                data={DRIVE_RULES.map((word) => ({ value: word, label: texts.words[word] }))}
                value={rule}
                onChange={(chosen) => replace(at, { ...one, rule: chosen as DriveRule })}
                allowDeselect={false}
                disabled={disabled}
                w="14rem"
              />
              <TextInput
                label={texts.remark}
                value={remark ?? ''}
                onChange={({ currentTarget: { value: typed } }) => {
                  const { remark: _, ...without } = one;
                  replace(at, typed === '' ? without : { ...without, remark: typed });
                }}
                disabled={disabled}
                flex="1 1 12rem"
              />
              {!disabled && (
                <CloseButton
                  // As high as the fields, in whose line it stands.
                  size={36}
                  aria-label={texts.removeException(name)}
                  onClick={() => onChange(value.toSpliced(at, 1))}
                />
              )}
            </Group>
          </Paper>
        );
      })}
      {!disabled && (
        <Button
          variant="default"
          size="xs"
          style={{ alignSelf: 'start' }}
          onClick={() => onChange([...value, { serial: '', rule: 'leave' }])}
        >
          {texts.addException}
        </Button>
      )}
    </Stack>
  );
}
