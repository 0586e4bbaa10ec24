/** The data key: its number, a new one, and how far the records have moved to it. */
import { Progress, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { RightButton } from '../parts/right-button.tsx';
import { useTimes } from '../parts/times.ts';
import { CUSTODY } from '../texts/custody.ts';
import { useTexts } from '../texts/language.tsx';

/** While records move, people watch. */
const MOVING_MS = 1000;

export function DataKeyCard() {
  const { dataKey: texts } = useTexts(CUSTODY);
  const times = useTimes();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const status = useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => call('serverStatus', {}, { signal }),
    refetchInterval: ({ state }) => (state.data?.dataKey.resealing == null ? 10_000 : MOVING_MS),
  });
  if (status.data === undefined) return null;
  const { current, resealing } = status.data.dataKey;
  return (
    <div className="card">
      <Title order={3} size="h5">
        {texts.title}
      </Title>
      <Text size="sm">{texts.current(times.number(current))}</Text>
      <Text size="sm" c="dimmed" mb="sm">
        {texts.hint}
      </Text>
      {resealing !== null && (
        <Stack gap={6} mb="sm" role="status">
          <Progress
            value={resealing.of === 0 ? 100 : (100 * resealing.done) / resealing.of}
            aria-label={texts.title}
          />
          <Text size="sm">{texts.progress(times.number(resealing.done), times.number(resealing.of))}</Text>
          {resealing.unreadable > 0 && (
            <Text size="sm">{texts.unreadable(times.number(resealing.unreadable))}</Text>
          )}
          {resealing.problem !== null && <Text size="sm">{texts.waits(resealing.problem)}</Text>}
        </Stack>
      )}
      <RightButton call="rotateDataKey" variant="default" onClick={() => setAsking(true)}>
        {texts.rotate}
      </RightButton>
      {asking && (
        <ConfirmDialog
          title={texts.rotateTitle}
          hint={texts.rotateHint(times.number(status.data.keys))}
          yes={texts.rotateYes}
          mild
          work={(options) => call('rotateDataKey', {}, options)}
          onDone={() => {
            setAsking(false);
            void client.invalidateQueries({ queryKey: ['status'] });
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
