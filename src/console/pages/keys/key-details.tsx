/** One key beside the list: its public fields, and the doors that lead on from it. */
import { Button, CopyButton, Group, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { Link } from 'react-router';
import { call } from '../../api/call.ts';
import { DetailsDrawer } from '../../parts/details-drawer.tsx';
import { type Fact, FactsTable } from '../../parts/facts-table.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { RightButton } from '../../parts/right-button.tsx';
import { useTimes } from '../../parts/times.ts';
import { KEYS } from '../../texts/keys.ts';
import { useTexts } from '../../texts/language.tsx';
import { locatorOf } from './locator.ts';
import { RevealDialog } from './reveal-dialog.tsx';
import { SeenBy } from './seen-by.tsx';

export function KeyDetails({
  id,
  onClose,
}: {
  readonly id: string | undefined;
  readonly onClose: () => void;
}) {
  const { one, list, kinds, states, reveal } = useTexts(KEYS);
  const times = useTimes();
  const [revealing, setRevealing] = useState(false);
  const client = useQueryClient();
  const stopRevealing = useCallback(() => {
    setRevealing(false);
    void client.invalidateQueries({ queryKey: ['seen'] });
  }, [client]);
  const shown = useQuery({
    queryKey: ['key', id],
    enabled: id !== undefined,
    queryFn: ({ signal }) => call('showKey', { id: id! }, { signal }),
  });
  // A late answer about the key before this one is never shown.
  const key = shown.data?.key.id === id ? shown.data?.key : undefined;
  const drive = key?.locator.luksUuid;
  const facts: readonly Fact[] =
    key === undefined
      ? []
      : [
          [list.id, key.id],
          [one.luksUuid, key.locator.luksUuid],
          [one.label, key.locator.label],
          [one.serial, key.locator.serial],
          [one.recoveryId, key.locator.recoveryId],
          [list.device, key.device.name],
          [list.kind, kinds[key.kind]],
          [list.algorithm, key.algorithm],
          [list.state, states[key.state]],
          [one.refusedBecause, key.refusedBecause],
          [one.notRotated, key.notRotatedSince === undefined ? undefined : times.exact(key.notRotatedSince)],
          [one.created, times.exact(key.createdAt)],
          [list.recorded, times.exact(key.recordedAt)],
          [one.origin, key.origin],
          [one.receivedFrom, key.receivedFrom],
          [one.replaces, key.replaces],
          [list.number, times.number(key.seq)],
        ];
  return (
    <>
      <DetailsDrawer title={one.title} opened={id !== undefined && !revealing} onClose={onClose}>
        {shown.error !== null && <ProblemAlert error={shown.error} onRetry={() => void shown.refetch()} />}
        {key !== undefined && (
          <Stack>
            <Group justify="space-between" wrap="nowrap">
              <Text fw={600} className="long-text">
                <bdi>{locatorOf(key)}</bdi>
              </Text>
              <CopyButton value={key.id}>
                {({ copied, copy }) => (
                  <Button size="compact-sm" variant="subtle" flex="none" onClick={copy}>
                    {copied ? reveal.copied : reveal.copy}
                  </Button>
                )}
              </CopyButton>
            </Group>
            <FactsTable facts={facts} />
            <SeenBy id={key.id} recordedAt={key.recordedAt} />
            <Group>
              <RightButton call="revealKey" onClick={() => setRevealing(true)}>
                {reveal.open}
              </RightButton>
              <Button component={Link} to={`/why?key=${key.id}`} variant="default">
                {one.why}
              </Button>
              {drive !== undefined && (
                <Button component={Link} to={`/keys?find=${encodeURIComponent(drive)}`} variant="default">
                  {one.sameDrive}
                </Button>
              )}
              <Button component={Link} to={`/keys?device=${key.device.id}`} variant="default">
                {one.others}
              </Button>
            </Group>
          </Stack>
        )}
      </DetailsDrawer>
      {revealing && key !== undefined && <RevealDialog keyShown={key} onClose={stopRevealing} />}
    </>
  );
}
