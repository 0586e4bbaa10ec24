/** Where a provider sends the browser back: what it said completes the sign-in, and leaves the address at once. */
import { Button, Center, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useParams } from 'react-router';
import { open } from '../api/call.ts';
import { Waiting } from '../parts/later.tsx';
import { Mark } from '../parts/mark.tsx';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { useTexts } from '../texts/language.tsx';
import { SIGN_IN } from '../texts/sign-in.ts';

export function CallbackPage() {
  const { signIn } = useTexts(SIGN_IN);
  const { provider = '' } = useParams();
  const [answer] = useState(() => globalThis.location.search.slice(1));
  const { mutate, error } = useMutation({
    mutationFn: () => open('providerSignIn', { provider, answer }),
    onSuccess: () => globalThis.location.replace('/'),
  });
  useEffect(() => {
    history.replaceState(null, '', `/sign-in/callback/${encodeURIComponent(provider)}`);
    mutate();
  }, [mutate, provider]);
  if (error === null) return <Waiting />;
  return (
    <Center mih="100dvh" p="md" component="main">
      <Stack className="card" w="100%" maw={400} p="xl">
        <Mark />
        <ProblemAlert error={error} />
        <Button component="a" href="/">
          {signIn.submit}
        </Button>
      </Stack>
    </Center>
  );
}
