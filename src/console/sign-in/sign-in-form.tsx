/** Name and password, then a one-time code. What was typed is forgotten as soon as it was used. */
import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { open } from '../api/call.ts';
import { askPasskey } from '../api/passkeys.ts';
import { useSignInMethods } from '../api/sign-in-methods.ts';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { useTexts } from '../texts/language.tsx';
import { SIGN_IN } from '../texts/sign-in.ts';

export function SignInForm({
  name: known,
  onSignedIn,
}: {
  readonly name?: string;
  readonly onSignedIn: () => void;
}) {
  const { signIn } = useTexts(SIGN_IN);
  const [name, setName] = useState(known ?? '');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [step, setStep] = useState<'password' | 'code' | 'recovery'>('password');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const methods = useSignInMethods();
  const byPasskey = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await askPasskey();
      onSignedIn();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  /** The whole page goes there, and comes back signed in. */
  const byProvider = async (provider: string): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const { url } = await open('signInWithProvider', {
        provider,
        ...(known === undefined ? {} : { fresh: true }),
      });
      globalThis.location.assign(url);
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      if (step === 'password') {
        await open('signIn', { name, password });
        setPassword('');
        setStep('code');
      } else {
        await open('signInCode', step === 'code' ? { code } : { recoveryCode: code });
        onSignedIn();
      }
    } catch (failure) {
      setError(failure);
      setCode('');
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        {step === 'password' ? (
          <>
            <TextInput
              label={signIn.name}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              readOnly={known !== undefined}
              autoComplete="username"
              autoFocus={known === undefined}
              required
              withAsterisk={false}
            />
            <PasswordInput
              label={signIn.password}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
              autoComplete="current-password"
              autoFocus={known !== undefined}
              data-autofocus={known !== undefined || undefined}
              required
              withAsterisk={false}
            />
          </>
        ) : (
          <>
            <TextInput
              key={step}
              label={step === 'code' ? signIn.code : signIn.recoveryCode}
              description={step === 'code' ? signIn.codeHint : undefined}
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
              inputMode={step === 'code' ? 'numeric' : 'text'}
              autoComplete={step === 'code' ? 'one-time-code' : 'off'}
              autoFocus
              required
              withAsterisk={false}
            />
            <Anchor
              component="button"
              type="button"
              size="sm"
              ta="start"
              onClick={() => {
                setCode('');
                setStep(step === 'code' ? 'recovery' : 'code');
              }}
            >
              {step === 'code' ? signIn.recovery : signIn.backToCode}
            </Anchor>
          </>
        )}
        {error !== undefined && <ProblemAlert error={error} />}
        <Button type="submit" loading={busy} fullWidth mt="xs">
          {signIn.submit}
        </Button>
        {step === 'password' && methods.data?.passkey.possible === true && (
          <Button variant="default" fullWidth disabled={busy} onClick={() => void byPasskey()}>
            {signIn.passkey}
          </Button>
        )}
        {step === 'password' &&
          methods.data?.providers.map((provider) => (
            <Button
              key={provider.id}
              variant="default"
              fullWidth
              disabled={busy}
              onClick={() => void byProvider(provider.id)}
            >
              {signIn.withProvider(provider.name)}
            </Button>
          ))}
        {step === 'password' && methods.data?.passkey.because != null && (
          <Text size="xs" c="dimmed">
            {signIn.noPasskey(methods.data.passkey.because)}
          </Text>
        )}
      </Stack>
    </form>
  );
}
