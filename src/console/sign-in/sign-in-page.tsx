/** The page of somebody who is not signed in. */
import { Center, Stack, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useSignInMethods } from '../api/sign-in-methods.ts';
import { Mark } from '../parts/mark.tsx';
import { tellTabs } from '../shell/tabs.ts';
import { useTitle } from '../parts/use-title.ts';
import { useTexts } from '../texts/language.tsx';
import { SIGN_IN } from '../texts/sign-in.ts';
import { SignInForm } from './sign-in-form.tsx';

export function SignInPage() {
  const { signIn } = useTexts(SIGN_IN);
  const client = useQueryClient();
  const methods = useSignInMethods();
  const server = methods.data?.server.name;
  useTitle(server, signIn.title);
  const enter = (): void => {
    tellTabs('signed-in');
    void client.resetQueries({ queryKey: ['me'] });
  };
  return (
    <Center mih="100dvh" p="md" component="main">
      <Stack className="card" w="100%" maw={400} gap="md" p="xl">
        <Mark />
        <Title order={1} size="h3">
          {signIn.title} {server !== undefined && signIn.to(server)}
        </Title>
        <SignInForm onSignedIn={enter} />
      </Stack>
    </Center>
  );
}
