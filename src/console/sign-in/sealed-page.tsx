/** A sealed server: that it is, and how to open it. */
import { Button, Center, PasswordInput, SegmentedControl, Stack, Text, Textarea, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call } from '../api/call.ts';
import { Mark } from '../parts/mark.tsx';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { useTitle } from '../parts/use-title.ts';
import { useWork } from '../parts/use-work.ts';
import { useTexts } from '../texts/language.tsx';
import { SIGN_IN } from '../texts/sign-in.ts';

const WAYS = { passphrase: 'passphrase', pkcs11: 'pin', recovery: 'shares' } as const;
type Way = (typeof WAYS)[keyof typeof WAYS];

export function SealedPage() {
  const { sealed } = useTexts(SIGN_IN);
  const client = useQueryClient();
  const state = useQuery({
    queryKey: ['seal-state'],
    queryFn: ({ signal }) => call('sealState', {}, { signal }),
  });
  const [chosen, setChosen] = useState<Way>();
  const [secret, setSecret] = useState('');
  const { busy, error, run } = useWork();
  const name = state.data?.server.name ?? '';
  useTitle(state.data?.server.name, sealed.open);
  const ways = [
    ...new Set((state.data?.seals ?? []).flatMap(({ kind }) => (kind === 'key-file' ? [] : [WAYS[kind]]))),
  ];
  const way = chosen ?? ways[0];

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (way === undefined) return;
    const given =
      way === 'shares'
        ? {
            shares: secret
              .split('\n')
              .map((line) => line.trim())
              .filter(Boolean),
          }
        : { [way]: secret };
    run(async () => {
      await call('unseal', given).finally(() => setSecret(''));
      await client.resetQueries();
    });
  };
  return (
    <Center mih="100dvh" p="md" component="main">
      <Stack className="card" w="100%" maw={440} gap="md" p="xl">
        <Mark />
        <Title order={1} size="h3">
          {sealed.title(name)}
        </Title>
        <Text size="sm" c="dimmed">
          {sealed.hint}
        </Text>
        {state.error !== null && <ProblemAlert error={state.error} />}
        {way !== undefined && (
          <form onSubmit={submit}>
            <Stack gap="sm">
              {ways.length > 1 && (
                <SegmentedControl
                  data={ways.map((one) => ({ value: one, label: sealed[one] }))}
                  value={way}
                  onChange={setChosen}
                />
              )}
              {way === 'shares' ? (
                <Textarea
                  label={sealed.shares}
                  value={secret}
                  onChange={(event) => setSecret(event.currentTarget.value)}
                  autosize
                  minRows={3}
                  autoComplete="off"
                  spellCheck={false}
                />
              ) : (
                <PasswordInput
                  label={sealed[way]}
                  value={secret}
                  onChange={(event) => setSecret(event.currentTarget.value)}
                  autoComplete="off"
                  autoFocus
                />
              )}
              {error !== undefined && <ProblemAlert error={error} />}
              <Button type="submit" loading={busy} disabled={secret === ''}>
                {sealed.open}
              </Button>
            </Stack>
          </form>
        )}
      </Stack>
    </Center>
  );
}
