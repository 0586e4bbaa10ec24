/**
 * The way to the console of another server. The address is that server's own word, so it is shown whole before anybody
 * follows it, and it does not learn where they came from.
 */
import { Anchor } from '@mantine/core';
import { useTexts } from '../texts/language.tsx';
import { PROPERTIES } from '../texts/properties.ts';

export function ConsoleLink({
  name,
  address,
  short = false,
}: {
  readonly name: string;
  readonly address: string;
  /** Its server stands beside it: only the address is shown, and the whole sentence read out. */
  readonly short?: boolean;
}) {
  const { properties } = useTexts(PROPERTIES);
  const whole = properties.openConsole(name, address);
  return (
    <Anchor
      href={address}
      target="_blank"
      rel="noopener noreferrer"
      className="long-text"
      size="sm"
      c="var(--page-link)"
      aria-label={short ? whole : undefined}
    >
      {short ? address : whole}
    </Anchor>
  );
}
