/** A page: its title, one line about it, and what is on it. */
import { Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useSession } from '../shell/session.tsx';
import { useTitle } from './use-title.ts';

export function Page({
  title,
  hint,
  actions,
  children,
}: {
  readonly title: string;
  readonly hint?: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  const { me } = useSession();
  useTitle(me.server.name, title);
  return (
    <Stack gap="md" component="section" aria-label={title}>
      <Group justify="space-between" align="start">
        {/* The hint wraps before the buttons do. */}
        <div style={{ flex: '1 1 20rem' }}>
          <Title order={1} size="h2">
            {title}
          </Title>
          {hint !== undefined && (
            <Text c="dimmed" maw="46rem">
              {hint}
            </Text>
          )}
        </div>
        {actions}
      </Group>
      {children}
    </Stack>
  );
}
