/**
 * What a one-time set-up link opens: a password, the secret of an app that makes codes, the recovery codes.
 *
 * Invariant: the link's token stands behind the # of the address, which no server gets, and is taken out of the address
 * as soon as it was read.
 */
import { Button, Center, Code, Group, PasswordInput, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import { open } from '../api/call.ts';
import { AppSecret } from '../parts/app-secret.tsx';
import { Mark } from '../parts/mark.tsx';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { useTitle } from '../parts/use-title.ts';
import { useWork } from '../parts/use-work.ts';
import { useTexts } from '../texts/language.tsx';
import { SIGN_IN } from '../texts/sign-in.ts';

type Step = 'password' | 'app' | 'codes';

export function SetUpPage() {
  const { setUp } = useTexts(SIGN_IN);
  const [token] = useState(() => globalThis.location.hash.slice(1));
  useEffect(() => history.replaceState(null, '', '/set-up'), []);
  const [step, setStep] = useState<Step>('password');
  const [password, setPassword] = useState('');
  const [repeated, setRepeated] = useState('');
  const [app, setApp] = useState<{ readonly secret: string; readonly otpauthUri: string }>();
  const [code, setCode] = useState('');
  const [codes, setCodes] = useState<readonly string[]>([]);
  const { busy, error, run } = useWork();
  const shown = useQuery({
    queryKey: ['set-up'],
    enabled: token !== '',
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => open('showSetup', { token }),
  });
  useTitle(shown.data?.server.name, setUp.next);

  const work = (next: () => Promise<void>) => (event: FormEvent) => {
    event.preventDefault();
    run(next);
  };
  const choosePassword = work(async () => {
    const made = await open('setupPassword', { token, password });
    setPassword('');
    setRepeated('');
    setApp(made);
    setStep('app');
  });
  const confirm = work(async () => {
    const made = await open('setupConfirm', { token, code });
    setApp(undefined);
    setCodes(made.recoveryCodes);
    setStep('codes');
  });

  if (token === '') return <Sheet title={setUp.noLink}>{null}</Sheet>;
  if (shown.error !== null)
    return (
      <Sheet title={setUp.next}>
        <ProblemAlert error={shown.error} />
      </Sheet>
    );
  if (step === 'password')
    return (
      <Sheet title={setUp.title(shown.data?.name ?? '')}>
        <form onSubmit={choosePassword}>
          <Stack gap="sm">
            <PasswordInput
              label={setUp.password}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
              autoComplete="new-password"
              autoFocus
              required
              withAsterisk={false}
            />
            <PasswordInput
              label={setUp.repeat}
              value={repeated}
              onChange={(event) => setRepeated(event.currentTarget.value)}
              autoComplete="new-password"
              error={repeated !== '' && repeated !== password ? setUp.differ : undefined}
              required
              withAsterisk={false}
            />
            {error !== undefined && <ProblemAlert error={error} />}
            <Button type="submit" loading={busy} disabled={password === '' || password !== repeated}>
              {setUp.next}
            </Button>
          </Stack>
        </form>
      </Sheet>
    );
  if (step === 'app' && app !== undefined)
    return (
      <Sheet title={setUp.title(shown.data?.name ?? '')}>
        <form onSubmit={confirm}>
          <Stack gap="sm">
            <AppSecret secret={app.secret} otpauthUri={app.otpauthUri} code={code} onCode={setCode} />
            {error !== undefined && <ProblemAlert error={error} />}
            <Button type="submit" loading={busy}>
              {setUp.finish}
            </Button>
          </Stack>
        </form>
      </Sheet>
    );
  return (
    <Sheet title={setUp.codesTitle}>
      <Text size="sm">{setUp.codesHint}</Text>
      <SimpleGrid cols={1} spacing={4}>
        {codes.map((one) => (
          <Code key={one} fz="sm" ta="center" p={4}>
            {one}
          </Code>
        ))}
      </SimpleGrid>
      <Group className="no-print" grow>
        <Button variant="default" onClick={() => globalThis.print()}>
          {setUp.print}
        </Button>
        <Button onClick={() => globalThis.location.replace('/')}>{setUp.next}</Button>
      </Group>
    </Sheet>
  );
}

function Sheet({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Center mih="100dvh" p="md" component="main">
      <Stack className="card" w="100%" maw={440} gap="md" p="xl">
        <Mark />
        <Title order={1} size="h3">
          {title}
        </Title>
        {children}
      </Stack>
    </Center>
  );
}
