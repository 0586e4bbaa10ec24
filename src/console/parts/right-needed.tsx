/** In place of what somebody may not see: which right is missing, and who can give it. */
import { Text } from '@mantine/core';
import type { Right } from '../api/route.ts';
import { useMissingRight } from './missing-right.ts';

export function RightNeeded({ right }: { readonly right: Right }) {
  const sentence = useMissingRight();
  return (
    <Text size="sm" c="dimmed">
      {sentence(right)}
    </Text>
  );
}
