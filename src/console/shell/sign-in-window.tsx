/**
 * Signs in again over what the person was doing, which stays as it is. Over an ended session it cannot be put away:
 * the page behind it would look as if it could still be used.
 */
import { Button, CloseButton, Group, Modal, Text, Title } from '@mantine/core';
import { SignInForm } from '../sign-in/sign-in-form.tsx';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';
import { SIGN_IN } from '../texts/sign-in.ts';
import type { SignInWindow as Asked } from './session.tsx';

export function SignInWindow({ asked, onSignedIn, onGivenUp, name }: Asked & { readonly name: string }) {
  const { signIn } = useTexts(SIGN_IN);
  const { common } = useTexts(SHELL);
  const stale = asked === 'stale';
  return (
    <Modal.Root
      opened={asked !== undefined}
      onClose={onGivenUp}
      closeOnClickOutside={false}
      closeOnEscape={stale}
      zIndex={1000}
      centered
    >
      <Modal.Overlay />
      <Modal.Content aria-label={signIn.again}>
        <Modal.Body p="md">
          <Group justify="space-between" mb="xs">
            <Title order={2} size="h4">
              {signIn.again}
            </Title>
            {stale && <CloseButton onClick={onGivenUp} aria-label={common.close} />}
          </Group>
          <Text size="sm" c="dimmed" mb="md">
            {stale ? signIn.freshHint : signIn.againHint}
          </Text>
          {asked !== undefined && <SignInForm name={name} onSignedIn={onSignedIn} />}
          <Group justify="flex-end" mt="md">
            <Button variant="subtle" size="xs" onClick={() => globalThis.location.replace('/')}>
              {signIn.other}
            </Button>
          </Group>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
