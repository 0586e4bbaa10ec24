/** Text that somebody takes elsewhere: a command, a link, a key. */
import { Button, Code, CopyButton, Group } from '@mantine/core';
import { useTexts } from '../texts/language.tsx';
import { LISTS } from '../texts/lists.ts';

export function CopiedText({ text, label }: { readonly text: string; readonly label: string }) {
  const { copy, copied } = useTexts(LISTS);
  return (
    <Group wrap="nowrap" align="start" gap="xs">
      <Code block flex={1} aria-label={label} style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {text}
      </Code>
      <CopyButton value={text}>
        {(button) => (
          <Button variant="default" size="xs" onClick={button.copy}>
            {button.copied ? copied : copy}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
