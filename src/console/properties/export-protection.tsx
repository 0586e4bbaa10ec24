/** What protects an export: a password, or the one server that it is sealed to. */
import { Alert, Group, Radio, Select, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import type { PeopleRequest } from '#protocol/people/people-routes.ts';
import { useHierarchy } from '../api/hierarchy.ts';
import { NewPassword } from '../parts/new-password.tsx';
import { useSession } from '../shell/session.tsx';
import { useTexts } from '../texts/language.tsx';
import { TRANSFER } from '../texts/transfer.ts';

type Request = PeopleRequest<'startExport'>;

export interface Protection {
  /** Undefined while it is not whole. */
  readonly by: Pick<Request, 'password' | 'recipient' | 'server'> | undefined;
  /** A password that the page made, and nobody remembers. */
  readonly generated: boolean;
}

const OTHER = 'other';

export function ExportProtection({ onChange }: { readonly onChange: (protection: Protection) => void }) {
  const texts = useTexts(TRANSFER).export;
  const [by, setBy] = useState<'password' | 'server'>('password');
  return (
    <>
      <Radio.Group
        label={texts.protection}
        value={by}
        onChange={(value) => {
          setBy(value);
          onChange({ by: undefined, generated: false });
        }}
      >
        <Group mt={4}>
          <Radio
            value="password"
            label={texts.password}
            aria-label={`${texts.protection}: ${texts.password}`}
          />
          <Radio value="server" label={texts.recipient} />
        </Group>
      </Radio.Group>
      {by === 'password' ? (
        <Stack gap="xs">
          <NewPassword
            onChange={(password, generated) =>
              onChange({ by: password === '' ? undefined : { password }, generated })
            }
          />
          <Alert color="yellow" variant="light">
            {texts.warning}
          </Alert>
        </Stack>
      ) : (
        <ToServer onChange={(chosen) => onChange({ by: chosen, generated: false })} />
      )}
    </>
  );
}

function ToServer({ onChange }: { readonly onChange: (by: Protection['by']) => void }) {
  const texts = useTexts(TRANSFER).export;
  const { lacking } = useSession();
  const hierarchy = useHierarchy(lacking('showHierarchy') === undefined);
  const servers = hierarchy.data?.sealable ?? [];
  const [server, setServer] = useState<string | null>(null);
  const [recipient, setRecipient] = useState('');
  const typed = server === OTHER || servers.length === 0;
  return (
    <>
      {servers.length > 0 && (
        <Select
          label={texts.server}
          description={texts.serverHint}
          placeholder={texts.chooseServer}
          data={[
            ...servers.map(({ id, name }) => ({ value: id, label: name })),
            { value: OTHER, label: texts.otherServer },
          ]}
          value={server}
          onChange={(value) => {
            setServer(value);
            setRecipient('');
            onChange(value === null || value === OTHER ? undefined : { server: value });
          }}
          searchable={servers.length > 10}
        />
      )}
      {typed && (
        <Textarea
          label={texts.recipientOf}
          description={texts.recipientHint}
          value={recipient}
          onChange={(event) => {
            const text = event.currentTarget.value.trim();
            setRecipient(event.currentTarget.value);
            onChange(text === '' ? undefined : { recipient: text });
          }}
          autosize
          maxRows={5}
        />
      )}
    </>
  );
}
