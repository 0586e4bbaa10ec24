/** Adds a seal. It has proved that it opens the server before it counts. */
import {
  Alert,
  Button,
  Group,
  Modal,
  PasswordInput,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { PeopleRequest } from '#protocol/people/people-routes.ts';
import { call } from '../api/call.ts';
import { ApprovalOrProblem } from '../parts/approval-or-problem.tsx';
import { NewPassword } from '../parts/new-password.tsx';
import { useWork } from '../parts/use-work.ts';
import { useSession } from '../shell/session.tsx';
import { CUSTODY } from '../texts/custody.ts';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';

type Request = PeopleRequest<'addSeal'>;
const KINDS = ['passphrase', 'key-file', 'pkcs11'] as const satisfies readonly Request['kind'][];

export function AddSealDialog({
  onDone,
  onClose,
}: {
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const { seals: texts } = useTexts(CUSTODY);
  const { common } = useTexts(SHELL);
  const { act } = useSession();
  const [kind, setKind] = useState<Request['kind']>('passphrase');
  const [passphrase, setPassphrase] = useState('');
  const [token, setToken] = useState('');
  const [key, setKey] = useState('');
  const [pin, setPin] = useState('');
  const { busy, error, run } = useWork();
  const request: Request =
    kind === 'passphrase'
      ? { kind, passphrase }
      : kind === 'key-file'
        ? { kind }
        : { kind, token, key, ...(pin === '' ? {} : { pin }) };
  const ready =
    kind === 'key-file' || (kind === 'passphrase' ? passphrase !== '' : token !== '' && key !== '');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    run(async () => {
      await act((options) => call('addSeal', request, options));
      onDone();
    });
  };
  return (
    <Modal opened onClose={onClose} title={texts.addTitle} centered>
      <form onSubmit={submit}>
        <Stack>
          <SegmentedControl
            aria-label={texts.kind}
            data={KINDS.map((value) => ({ value, label: texts.kinds[value] }))}
            value={kind}
            onChange={setKind}
          />
          {kind === 'passphrase' && (
            <>
              <NewPassword label={texts.passphrase} onChange={setPassphrase} />
              <Alert color="yellow" variant="light">
                {texts.passphraseHint}
              </Alert>
            </>
          )}
          {kind === 'key-file' && <Text size="sm">{texts.keyFileHint}</Text>}
          {kind === 'pkcs11' && (
            <>
              <TextInput
                label={texts.token}
                value={token}
                onChange={(event) => setToken(event.currentTarget.value)}
              />
              <TextInput
                label={texts.key}
                value={key}
                onChange={(event) => setKey(event.currentTarget.value)}
              />
              <PasswordInput
                label={texts.pin}
                description={texts.pinHint}
                value={pin}
                onChange={(event) => setPin(event.currentTarget.value)}
                autoComplete="off"
              />
            </>
          )}
          <ApprovalOrProblem error={error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={!ready}>
              {texts.submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
