/** *Export encryption keys from Administration Server…*: which keys, what protects the file, and the file itself. */
import { Button, Group, Modal, Stack } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { call } from '../api/call.ts';
import { ApprovalOrProblem } from '../parts/approval-or-problem.tsx';
import { FileSaved } from '../parts/file-saved.tsx';
import { saveFile } from '../parts/save-file.ts';
import { useWork } from '../parts/use-work.ts';
import { useSession } from '../shell/session.tsx';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';
import { TRANSFER } from '../texts/transfer.ts';
import { ExportProtection, type Protection } from './export-protection.tsx';
import { ExportSelection, type Selection } from './export-selection.tsx';

interface Started {
  readonly download: string;
  /** Shown until the dialog closes, where nobody else has it. */
  readonly password: string | undefined;
  readonly sealed: boolean;
}

export function ExportDialog({ onClose }: { readonly onClose: () => void }) {
  const texts = useTexts(TRANSFER).export;
  const { common } = useTexts(SHELL);
  const { act } = useSession();
  const [selection, setSelection] = useState<Selection>({});
  const [{ by, generated }, setProtection] = useState<Protection>({ by: undefined, generated: false });
  const [started, setStarted] = useState<Started>();
  const { busy, error, run } = useWork();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (selection === undefined || by === undefined) return;
    run(async () => {
      const { download } = await act((options) => call('startExport', { ...selection, ...by }, options));
      const { password } = by;
      setStarted({ download, password: generated ? password : undefined, sealed: password === undefined });
      setProtection({ by: undefined, generated: false });
      saveFile(download);
    });
  };
  return (
    <Modal opened onClose={onClose} title={texts.title} size="lg" centered>
      {started === undefined ? (
        <form onSubmit={submit}>
          <Stack>
            <ExportSelection onChange={setSelection} />
            <ExportProtection onChange={setProtection} />
            <ApprovalOrProblem error={error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {common.cancel}
              </Button>
              <Button type="submit" loading={busy} disabled={selection === undefined || by === undefined}>
                {texts.submit}
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <FileSaved
          done={started.sealed ? texts.doneSealed : texts.done}
          again={texts.again}
          download={started.download}
          generated={started.password}
          onClose={onClose}
        />
      )}
    </Modal>
  );
}
