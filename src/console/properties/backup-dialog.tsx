/** Makes a backup: the password that protects it, and the file itself, which the browser saves. */
import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call } from '../api/call.ts';
import { ApprovalOrProblem } from '../parts/approval-or-problem.tsx';
import { FileSaved } from '../parts/file-saved.tsx';
import { NewPassword } from '../parts/new-password.tsx';
import { saveFile } from '../parts/save-file.ts';
import { useWork } from '../parts/use-work.ts';
import { useSession } from '../shell/session.tsx';
import { CUSTODY } from '../texts/custody.ts';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';

export function BackupDialog({ onClose }: { readonly onClose: () => void }) {
  const { backups: texts } = useTexts(CUSTODY);
  const { common } = useTexts(SHELL);
  const { act } = useSession();
  const client = useQueryClient();
  const [password, setPassword] = useState('');
  const [generated, setGenerated] = useState(false);
  const [download, setDownload] = useState<string>();
  const { busy, error, run } = useWork();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    run(async () => {
      const started = await act((options) => call('startBackup', { password }, options));
      if (!generated) setPassword('');
      setDownload(started.download);
      saveFile(started.download);
    });
  };
  const close = (): void => {
    void client.invalidateQueries({ queryKey: ['backups'] });
    onClose();
  };
  return (
    <Modal opened onClose={close} title={texts.makeTitle} size="lg" centered>
      {download === undefined ? (
        <form onSubmit={submit}>
          <Stack>
            <NewPassword
              onChange={(chosen, made) => {
                setPassword(chosen);
                setGenerated(made);
              }}
            />
            <Alert color="yellow" variant="light">
              {texts.warning}
            </Alert>
            <ApprovalOrProblem error={error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {common.cancel}
              </Button>
              <Button type="submit" loading={busy} disabled={password === ''}>
                {texts.submit}
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <FileSaved
          done={texts.done}
          again={texts.again}
          download={download}
          generated={generated ? password : undefined}
          onClose={close}
        />
      )}
    </Modal>
  );
}
