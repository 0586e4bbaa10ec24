/** Which keys an export holds: all, those of devices or a group, those that a search finds, or some by their ids. */
import { Radio, Stack, Textarea } from '@mantine/core';
import { useCallback, useState } from 'react';
import type { PeopleRequest } from '#protocol/people/people-routes.ts';
import { useSession } from '../shell/session.tsx';
import { useTexts } from '../texts/language.tsx';
import { TRANSFER } from '../texts/transfer.ts';
import { FoundKeysField, GroupField } from './gathered-field.tsx';

type Request = PeopleRequest<'startExport'>;
/** Undefined while nothing is chosen that could be exported. */
export type Selection = Pick<Request, 'devices' | 'keys' | 'find'> | undefined;

type Which = 'all' | 'devices' | 'group' | 'search' | 'keys';

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

export function ExportSelection({ onChange }: { readonly onChange: (selection: Selection) => void }) {
  const texts = useTexts(TRANSFER).export;
  const { lacking } = useSession();
  const [which, setWhich] = useState<Which>('all');
  const [text, setText] = useState('');
  const choose = (next: Which): void => {
    setWhich(next);
    setText('');
    onChange(next === 'all' ? {} : undefined);
  };
  const type = (typed: string): void => {
    setText(typed);
    const lines = linesOf(typed);
    const chosen = which === 'devices' ? { devices: lines } : { keys: lines };
    onChange(lines.length === 0 ? undefined : chosen);
  };
  const chooseSearch = useCallback(
    (find: string | undefined) => onChange(find === undefined ? undefined : { find }),
    [onChange],
  );
  const chooseDevices = useCallback(
    (devices: string[] | undefined) => onChange(devices === undefined ? undefined : { devices }),
    [onChange],
  );
  return (
    <>
      <Radio.Group label={texts.which} value={which} onChange={choose}>
        <Stack gap={6} mt={4}>
          <Radio value="all" label={texts.all} />
          <Radio value="devices" label={texts.someDevices} />
          {lacking('listGroups') === undefined && <Radio value="group" label={texts.ofGroup} />}
          <Radio value="search" label={texts.foundKeys} />
          <Radio value="keys" label={texts.someKeys} />
        </Stack>
      </Radio.Group>
      {(which === 'devices' || which === 'keys') && (
        <Textarea
          aria-label={which === 'devices' ? texts.someDevices : texts.someKeys}
          description={which === 'devices' ? texts.devicesHint : texts.keysHint}
          value={text}
          onChange={(event) => type(event.currentTarget.value)}
          autosize
          minRows={2}
        />
      )}
      {which === 'group' && <GroupField onChange={chooseDevices} />}
      {which === 'search' && <FoundKeysField onChange={chooseSearch} />}
    </>
  );
}
