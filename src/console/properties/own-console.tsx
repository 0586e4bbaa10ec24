/** In place of what is administered at another server's own console: the way there. */
import { Stack, Text } from '@mantine/core';
import { ConsoleLink } from '../parts/console-link.tsx';
import { useTexts } from '../texts/language.tsx';
import { PROPERTIES } from '../texts/properties.ts';

export function OwnConsole({
  name,
  address,
}: {
  readonly name: string;
  readonly address: string | undefined;
}) {
  const { properties } = useTexts(PROPERTIES);
  return (
    <Stack gap="xs">
      <Text>{properties.ownConsole(name)}</Text>
      {address === undefined ? (
        <Text size="sm" c="dimmed">
          {properties.noConsole(name)}
        </Text>
      ) : (
        <ConsoleLink name={name} address={address} />
      )}
    </Stack>
  );
}
