/** What can be done with one row of a list. */
import { Button, Menu } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';

/** Of an act that takes something away; red enough to be read on either ground. */
export const DANGEROUS = 'light-dark(var(--mantine-color-red-9), var(--mantine-color-red-4))';

export function RowMenu({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  const { common } = useTexts(SHELL);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="subtle" size="compact-sm" aria-label={`${common.acts}: ${name}`}>
          ⋯
        </Button>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  );
}
