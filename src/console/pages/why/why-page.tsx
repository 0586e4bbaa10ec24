/** One box for whatever does not open, and the way from the data to this server with the link that blocks it. */
import { Alert, Button, FileButton, Group, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type DragEvent, type FormEvent, useState } from 'react';
import { useSearchParams } from 'react-router';
import { call } from '../../api/call.ts';
import { codeOf } from '../../api/problem.ts';
import { Page } from '../../parts/page.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { RightButton } from '../../parts/right-button.tsx';
import { useTimes } from '../../parts/times.ts';
import { KEYS } from '../../texts/keys.ts';
import { useTexts } from '../../texts/language.tsx';
import { SHELL } from '../../texts/shell.ts';
import { locatorOf } from '../keys/locator.ts';
import { readHeader } from './read-header.ts';
import { WayOfKey } from './way-of-key.tsx';

/** The key in question; the claim of a file never stands in the address. */
interface Asked {
  readonly id: string;
  readonly claim?: string;
}

const CANDIDATES_MAX = 10;

export function WhyPage() {
  const { why } = useTexts(KEYS);
  const { pages } = useTexts(SHELL);
  const times = useTimes();
  const [search, setSearch] = useSearchParams();
  const wanted = search.get('key') ?? '';
  const [typed, setTyped] = useState(wanted);
  const [file, setFile] = useState<{ readonly name: string; readonly asked: Asked }>();
  const [unread, setUnread] = useState<string>();
  const asked = file?.asked ?? (wanted === '' ? undefined : { id: wanted });
  const explained = useQuery({
    queryKey: ['explain', asked],
    enabled: asked !== undefined,
    retry: false,
    gcTime: 0,
    staleTime: 0,
    queryFn: ({ signal }) => call('explainKey', { ...asked! }, { signal }),
  });
  const several = codeOf(explained.error) === 'ambiguous-name';
  const candidates = useQuery({
    queryKey: ['candidates', wanted],
    enabled: several,
    queryFn: ({ signal }) =>
      call('listKeys', { find: wanted, order: 'newest', limit: CANDIDATES_MAX }, { signal }),
  });
  const ask = (id: string): void => {
    setFile(undefined);
    setUnread(undefined);
    setSearch(id === '' ? {} : { key: id });
  };
  const take = async (chosen: File | null): Promise<void> => {
    if (chosen === null) return;
    const read = await readHeader(chosen);
    setTyped(chosen.name);
    if (read.kind === 'held') {
      setUnread(undefined);
      setFile({ name: chosen.name, asked: { id: read.id, claim: read.claim } });
    } else {
      setFile(undefined);
      setUnread(read.kind === 'damaged' ? why.damaged : why.notOurs);
    }
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    void take(event.dataTransfer.files.item(0));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (file === undefined || typed !== file.name) ask(typed.trim());
  };
  return (
    <Page title={pages.why} hint={why.hint}>
      <Stack className="card" maw="48rem" onDrop={drop} onDragOver={(event) => event.preventDefault()}>
        <form onSubmit={submit}>
          <Group align="end" gap="xs">
            <TextInput
              label={why.what}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              flex="1 1 16rem"
              autoFocus
            />
            <FileButton onChange={(chosen) => void take(chosen)}>
              {(button) => (
                <Button {...button} variant="default">
                  {why.file}
                </Button>
              )}
            </FileButton>
            <RightButton call="explainKey" submits loading={explained.isFetching}>
              {why.find}
            </RightButton>
          </Group>
        </form>
        {unread !== undefined && (
          <Alert color="red" variant="light" role="alert">
            {unread}
          </Alert>
        )}
        {explained.error !== null && !several && <ProblemAlert error={explained.error} />}
        {several && (
          <Stack gap={4}>
            <Text fw={600}>{why.several}</Text>
            {candidates.data?.keys.map((key) => (
              <Button
                key={key.id}
                variant="default"
                justify="start"
                h="auto"
                py={6}
                onClick={() => ask(key.id)}
              >
                <bdi>
                  {key.device.name} · {locatorOf(key)} · {times.day(key.createdAt)}
                </bdi>
              </Button>
            ))}
          </Stack>
        )}
        {explained.data !== undefined && unread === undefined && asked !== undefined && (
          <WayOfKey explained={explained.data} keyId={asked.id} />
        )}
      </Stack>
    </Page>
  );
}
