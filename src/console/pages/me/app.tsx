/** Replacing the app that makes one's own one-time codes. The old one counts until a code of the new one came. */
import { Button, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call } from '../../api/call.ts';
import { AppSecret } from '../../parts/app-secret.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { useWork } from '../../parts/use-work.ts';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';
import { SIGN_IN } from '../../texts/sign-in.ts';

type Offer = Awaited<ReturnType<typeof call<'offerOneTimeCode'>>>;

export function App() {
  const { me: texts, cancel } = useTexts(LISTS);
  const { setUp } = useTexts(SIGN_IN);
  const { act } = useSession();
  const client = useQueryClient();
  const [offer, setOffer] = useState<Offer>();
  const [code, setCode] = useState('');
  const [replaced, setReplaced] = useState(false);
  const { busy, error, run } = useWork();
  const close = (): void => {
    setOffer(undefined);
    setCode('');
  };
  const begin = (): void =>
    run(async () => {
      setReplaced(false);
      setOffer(await act(() => call('offerOneTimeCode', {})));
    });
  const prove = (event: FormEvent): void => {
    event.preventDefault();
    if (offer === undefined) return;
    run(async () => {
      await act(() => call('changeOneTimeCode', { offer: offer.offer, code }));
      close();
      setReplaced(true);
      await client.invalidateQueries({ queryKey: ['my-sessions'] });
    });
  };
  return (
    <>
      <Title order={2} size="h4">
        {texts.app}
      </Title>
      <Text size="sm">{replaced ? texts.appReplaced : texts.appHint}</Text>
      {offer === undefined && error !== undefined && <ProblemAlert error={error} />}
      <Group>
        <Button variant="default" onClick={begin} loading={busy && offer === undefined}>
          {texts.replaceApp}
        </Button>
      </Group>
      <Modal opened={offer !== undefined} onClose={close} title={texts.replaceAppTitle}>
        {offer !== undefined && (
          <form onSubmit={prove}>
            <Stack gap="sm">
              <AppSecret secret={offer.secret} otpauthUri={offer.otpauthUri} code={code} onCode={setCode} />
              {error !== undefined && <ProblemAlert error={error} />}
              <Group justify="flex-end">
                <Button variant="default" onClick={close}>
                  {cancel}
                </Button>
                <Button type="submit" loading={busy}>
                  {setUp.finish}
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Modal>
    </>
  );
}
