/** A choice among the groups of devices. */
import { Select } from '@mantine/core';
import { groupChoices, useGroups } from '../api/groups.ts';

export function GroupSelect({
  label,
  value,
  onChange,
  all,
  without,
}: {
  readonly label: string;
  /** Empty for none. */
  readonly value: string;
  readonly onChange: (group: string) => void;
  /** What is meant where none is chosen; without it one has to be. */
  readonly all?: string;
  /** Ids that cannot be chosen. */
  readonly without?: readonly string[];
}) {
  const groups = useGroups().data?.groups ?? [];
  const choices = groupChoices(groups).filter(({ value: id }) => without?.includes(id) !== true);
  return (
    <Select
      label={label}
      data={choices}
      value={value === '' ? null : value}
      onChange={(chosen) => onChange(chosen ?? '')}
      {...(all === undefined ? { allowDeselect: false } : { placeholder: all, clearable: true })}
      searchable
      {...(all === undefined ? {} : { w: '16rem' })}
    />
  );
}
