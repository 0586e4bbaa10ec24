/** What a server is: its version, its keys, where it listens. */
import { Stack } from '@mantine/core';
import { useServerStatus } from '../api/server.ts';
import { type Fact, FactsTable } from '../parts/facts-table.tsx';
import { useTimes } from '../parts/times.ts';
import { useSession } from '../shell/session.tsx';
import { useTexts } from '../texts/language.tsx';
import { PROPERTIES } from '../texts/properties.ts';
import { OwnConsole } from './own-console.tsx';

export function GeneralSection({
  own,
  name,
  address,
}: {
  readonly own: boolean;
  readonly name: string;
  /** Of another server's console, where it told one. */
  readonly address: string | undefined;
}) {
  const { facts } = useTexts(PROPERTIES);
  const times = useTimes();
  const { lacking } = useSession();
  const status = useServerStatus(own && lacking('serverStatus') === undefined);
  if (!own) return <OwnConsole name={name} address={address} />;
  if (status.data === undefined) return null;
  const { server, keys, devices, listen, epoch } = status.data;
  const shown: readonly Fact[] = [
    [facts.id, server.id],
    [facts.version, server.version],
    [facts.keys, times.number(keys)],
    [facts.devices, times.number(devices)],
    [facts.listen, listen],
    [facts.epoch, epoch],
  ];
  return (
    <Stack className="card">
      <FactsTable facts={shown} />
    </Stack>
  );
}
