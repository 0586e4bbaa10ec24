/**
 * *Import encryption keys to Administration Server…*: the file is sent and checked, what it would bring is shown, and
 * only then imported.
 *
 * Invariant: the browser streams the file from the disk; this page holds nothing of it.
 */
import { Alert, Button, FileInput, Group, Modal, PasswordInput, Stack, Table, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type DragEvent, type FormEvent, useState } from 'react';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call, reach } from '../api/call.ts';
import { fileDigest } from '../api/file-digest.ts';
import { ApprovalOrProblem } from '../parts/approval-or-problem.tsx';
import { useTimes } from '../parts/times.ts';
import { useWork } from '../parts/use-work.ts';
import { useSession } from '../shell/session.tsx';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';
import { TRANSFER } from '../texts/transfer.ts';

type Report = PeopleAnswer<'confirmImport'>;

export function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const texts = useTexts(TRANSFER).import;
  const { common } = useTexts(SHELL);
  const { act } = useSession();
  const times = useTimes();
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [password, setPassword] = useState('');
  const [started, setStarted] = useState<{ readonly id: string; readonly found: Report }>();
  const [done, setDone] = useState<Report>();
  const { busy, error, run } = useWork();

  const give = (id: string): void => void call('cancelImport', { id }).catch(() => undefined);
  const close = (): void => {
    if (started !== undefined && done === undefined) give(started.id);
    onClose();
  };
  const check = (event: FormEvent): void => {
    event.preventDefault();
    const chosen = file;
    if (chosen === null) return;
    run(async () => {
      const digest = await fileDigest(chosen);
      const { id, upload } = await act((options) =>
        call('startImport', { digest, ...(password === '' ? {} : { password }) }, options),
      );
      setPassword('');
      try {
        const headers = { 'content-type': 'application/octet-stream' };
        const answer = await reach(upload, { method: 'PUT', body: chosen, headers });
        setStarted({ id, found: (await answer.json()) as Report });
      } catch (failure) {
        give(id);
        throw failure;
      }
    });
  };
  const confirm = (): void =>
    run(async () => {
      setDone(await act(() => call('confirmImport', { id: started!.id })));
      await client.invalidateQueries();
    });
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    const dropped = event.dataTransfer.files.item(0);
    if (dropped !== null) setFile(dropped);
  };
  const found = started?.found;
  return (
    <Modal opened onClose={close} title={texts.title} size="lg" centered>
      {done !== undefined ? (
        <Stack>
          <Alert color="green" variant="light" role="status">
            {texts.done(times.number(done.new))}
          </Alert>
          <Group justify="flex-end">
            <Button onClick={onClose}>{common.close}</Button>
          </Group>
        </Stack>
      ) : found === undefined ? (
        <form onSubmit={check} onDrop={drop} onDragOver={(event) => event.preventDefault()}>
          <Stack>
            <FileInput
              label={texts.file}
              placeholder={texts.drop}
              value={file}
              onChange={setFile}
              clearable
            />
            <PasswordInput
              label={texts.password}
              description={texts.passwordHint}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
              autoComplete="off"
            />
            <ApprovalOrProblem error={error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {common.cancel}
              </Button>
              <Button type="submit" loading={busy} disabled={file === null}>
                {texts.check}
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Stack>
          <Text fw={600}>{texts.found}</Text>
          <Table>
            <Table.Tbody>
              {(
                [
                  [texts.new, found.new],
                  [texts.known, found.known],
                  [texts.conflicting, found.conflicts.length],
                ] as const
              ).map(([label, count]) => (
                <Table.Tr key={label}>
                  <Table.Th fw={500}>{label}</Table.Th>
                  <Table.Td ta="end">{times.number(count)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          {found.conflicts.length > 0 && (
            <Alert color="red" variant="light" role="alert" title={texts.conflicts}>
              {found.conflicts.slice(0, 20).map(({ id }) => (
                <div key={id}>{id}</div>
              ))}
            </Alert>
          )}
          {found.new === 0 && found.conflicts.length === 0 && <Text c="dimmed">{texts.nothing}</Text>}
          <ApprovalOrProblem error={error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {common.cancel}
            </Button>
            <Button loading={busy} disabled={found.new === 0} onClick={confirm}>
              {texts.import}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
