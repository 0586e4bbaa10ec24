/** One's own passkeys: which there are, adding one, taking one away. */
import { Button, Group, TextInput, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call } from '../../api/call.ts';
import { addPasskey } from '../../api/passkeys.ts';
import { ListTable } from '../../parts/list-table.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { Time } from '../../parts/time.tsx';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';

export function Passkeys() {
  const { me: texts, devices } = useTexts(LISTS);
  const { act } = useSession();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>();
  const list = useQuery({
    queryKey: ['passkeys'],
    queryFn: ({ signal }) => call('listPasskeys', {}, { signal }),
  });
  const work = (next: () => Promise<unknown>): void => {
    setError(undefined);
    act(next)
      .then(() => client.invalidateQueries({ queryKey: ['passkeys'] }))
      .catch(setError);
  };
  const add = (event: FormEvent): void => {
    event.preventDefault();
    work(async () => {
      await addPasskey(name);
      setName('');
    });
  };
  return (
    <>
      <Title order={2} size="h4">
        {texts.passkeys}
      </Title>
      <ListTable
        name={texts.passkeys}
        rows={list.data?.passkeys ?? []}
        idOf={({ id }) => id}
        empty={texts.noPasskeys}
        loading={list.isLoading}
        error={list.error}
        columns={[
          { key: 'name', label: texts.passkeyName, show: (one) => <bdi>{one.name}</bdi> },
          {
            key: 'used',
            label: texts.lastUsed,
            show: ({ lastUsedAt }) => <Time at={lastUsedAt} never={devices.never} />,
          },
          {
            key: 'remove',
            label: texts.remove,
            hidden: true,
            show: ({ id }) => (
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => work(() => call('removePasskey', { id }))}
              >
                {texts.remove}
              </Button>
            ),
          },
        ]}
      />
      {error !== undefined && <ProblemAlert error={error} />}
      <form onSubmit={add}>
        <Group align="end" gap="xs">
          <TextInput
            label={texts.passkeyName}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            required
            withAsterisk={false}
          />
          <Button type="submit" variant="default" disabled={name.trim() === ''}>
            {texts.addPasskey}
          </Button>
        </Group>
      </form>
    </>
  );
}
