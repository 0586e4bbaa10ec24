/** The product's mark and name. */
import { Group, Text } from '@mantine/core';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';

export function Mark() {
  const { product } = useTexts(SHELL);
  return (
    <Group gap="xs" wrap="nowrap">
      <svg width="24" height="24" viewBox="0 0 24 24" aria-hidden="true">
        <path
          d="M3 20h5v-5h5v-5h5V5h3"
          fill="none"
          stroke="var(--mantine-primary-color-filled)"
          strokeWidth="2.4"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      <Text fw={650} size="lg">
        {product}
      </Text>
    </Group>
  );
}
