/** What a dialog shows once the browser saves the file that it made: the generated password, and the file once more. */
import { Alert, Button, Group, Stack } from '@mantine/core';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';
import { GeneratedPassword } from './new-password.tsx';
import { saveFile } from './save-file.ts';

export function FileSaved({
  done,
  again,
  download,
  generated,
  onClose,
}: {
  readonly done: string;
  readonly again: string;
  readonly download: string;
  /** The password to write down; undefined if the person chose it. */
  readonly generated: string | undefined;
  readonly onClose: () => void;
}) {
  const { common } = useTexts(SHELL);
  return (
    <Stack>
      <Alert color="green" variant="light" role="status">
        {done}
      </Alert>
      {generated !== undefined && <GeneratedPassword password={generated} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={() => saveFile(download)}>
          {again}
        </Button>
        <Button onClick={onClose}>{common.close}</Button>
      </Group>
    </Stack>
  );
}
