/** The settings icon of a server, which opens its properties over whatever page is shown. */
import { ActionIcon } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';

export function PropertiesButton({ id, name }: { readonly id: string; readonly name: string }) {
  const { menu } = useTexts(SHELL);
  const [, setSearch] = useSearchParams();
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={menu.propertiesOf(name)}
      onClick={() =>
        setSearch((search) => {
          search.set('properties', id);
          return search;
        })
      }
    >
      <Gear />
    </ActionIcon>
  );
}

function Gear() {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      aria-hidden="true"
    >
      <circle cx="12" cy="12" r="3.2" />
      <path d="M12 2.5v3M12 18.5v3M2.5 12h3M18.5 12h3M5.3 5.3l2.1 2.1M16.6 16.6l2.1 2.1M5.3 18.7l2.1-2.1M16.6 7.4l2.1-2.1" />
    </svg>
  );
}
