/** One thing of a list in full, beside the list. */
import { Drawer, Title } from '@mantine/core';
import type { ReactNode } from 'react';

export function DetailsDrawer({
  title,
  opened,
  onClose,
  children,
}: {
  readonly title: ReactNode;
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size="min(100%, 34rem)"
      title={
        <Title order={2} size="h4">
          {title}
        </Title>
      }
    >
      {children}
    </Drawer>
  );
}
