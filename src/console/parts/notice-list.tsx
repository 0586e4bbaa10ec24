/** What an administrator should act on, a sentence each with its next step. Nothing where there is nothing. */
import { Alert, Stack, Text } from '@mantine/core';
import { capital } from './capital.ts';
import { useLanguage } from '../texts/language.tsx';
import { type Notice, warningWords } from '../texts/warnings.ts';
import { useTimes } from './times.ts';

export function NoticeLine({ notice }: { readonly notice: Notice }) {
  const { language } = useLanguage();
  const times = useTimes();
  const { sentence, nextStep } = notice;
  const words = warningWords(language, notice, times);
  return (
    <Text size="sm" className="long-text" lang={words === undefined ? 'en' : language}>
      {words ?? capital(sentence)}
      {words === undefined && nextStep !== undefined && ` — ${nextStep}`}
    </Text>
  );
}

export function NoticeList({
  title,
  notices,
}: {
  readonly title?: string;
  readonly notices: readonly Notice[];
}) {
  if (notices.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" title={title}>
      <Stack gap={4}>
        {notices.map((notice) => (
          <NoticeLine key={notice.sentence} notice={notice} />
        ))}
      </Stack>
    </Alert>
  );
}
