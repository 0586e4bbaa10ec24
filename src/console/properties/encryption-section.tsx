/** Section *Encryption algorithm*: the option, and keys carried by hand. */
import { Divider, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { call, type CallOptions } from '../api/call.ts';
import { useHierarchy } from '../api/hierarchy.ts';
import { useServerStatus, useSettings } from '../api/server.ts';
import { RightButton } from '../parts/right-button.tsx';
import { RightSwitch } from '../parts/right-switch.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { useSession } from '../shell/session.tsx';
import { useTexts } from '../texts/language.tsx';
import { PROPERTIES } from '../texts/properties.ts';
import { SHELL } from '../texts/shell.ts';
import { ExportDialog } from './export-dialog.tsx';
import { ImportDialog } from './import-dialog.tsx';
import { OwnConsole } from './own-console.tsx';

/** The two buttons have long names, which may take two lines. */
const WIDE = {
  variant: 'default',
  h: 'auto',
  py: 'xs',
  styles: { label: { whiteSpace: 'normal', lineHeight: 1.35 } },
} as const;

/** What OK will do, by what it changes. */
export type Changes = Readonly<Record<string, (options: CallOptions) => Promise<unknown>>>;

export interface SectionProps {
  readonly own: boolean;
  readonly id: string;
  readonly name: string;
  /** Of another server's console, where it told one. */
  readonly address: string | undefined;
  readonly changes: Changes;
  readonly onChange: (changes: Changes) => void;
}

export function EncryptionSection({ own, name, address, changes, onChange }: SectionProps) {
  const { encryption } = useTexts(PROPERTIES);
  const { rights } = useTexts(SHELL);
  const { lacking } = useSession();
  const settings = useSettings(own && lacking('showSettings') === undefined);
  const status = useServerStatus(own && lacking('serverStatus') === undefined);
  const hierarchy = useHierarchy(lacking('showHierarchy') === undefined);
  const [transfer, setTransfer] = useState<'export' | 'import'>();
  if (!own) return <OwnConsole name={name} address={address} />;

  const now = settings.data?.answer.useHierarchy;
  const changed = 'useHierarchy' in changes;
  const wanted = changed ? !now : now;
  const unseen = lacking('showSettings');
  const toggle = (): void => {
    const { useHierarchy: _, ...rest } = changes;
    const set = { useHierarchy: !now };
    const ifMatch = settings.data?.version;
    const change = (options: CallOptions) => call('changeSettings', set, { ...options, ifMatch });
    onChange(changed ? rest : { ...rest, useHierarchy: change });
  };
  const primary = hierarchy.data?.primary ?? null;
  return (
    <Stack>
      <div className="card">
        {unseen === undefined ? (
          <RightSwitch
            call="changeSettings"
            checked={wanted === true}
            onChange={toggle}
            disabled={now === undefined}
            label={encryption.option}
            description={
              hierarchy.data === undefined
                ? undefined
                : primary === null
                  ? encryption.noPrimary(name)
                  : encryption.wouldSend((status.data?.keys ?? 0).toLocaleString(), name, primary.name)
            }
          />
        ) : (
          <>
            <Text fw={600}>{encryption.option}</Text>
            <Text size="sm" c="dimmed">
              {rights.lacking(unseen.area, unseen.right)} {rights.ask}
            </Text>
          </>
        )}
        {(now !== undefined || hierarchy.data !== undefined) && <Divider my="sm" />}
        <Stack gap={6}>
          {primary !== null && (
            <LinkRow
              name={encryption.above(primary.name)}
              state={primary.dmz ? 'apart' : primary.useHierarchy ? 'good' : 'off'}
              word={primary.dmz ? encryption.dmz : primary.useHierarchy ? encryption.on : encryption.off}
            />
          )}
          {now !== undefined && (
            <LinkRow
              name={name}
              state={wanted === true ? 'good' : 'off'}
              word={wordOf(encryption, now, wanted === true)}
            />
          )}
          {hierarchy.data?.secondaries.map(({ id, name: below, useHierarchy, dmz }) => (
            <LinkRow
              key={id}
              name={encryption.below(below)}
              state={dmz ? 'apart' : useHierarchy ? 'good' : 'off'}
              word={dmz ? encryption.dmz : useHierarchy ? encryption.on : encryption.off}
            />
          ))}
        </Stack>
      </div>
      <div className="card">
        <Title order={3} size="h5">
          {encryption.byHand}
        </Title>
        <Text size="sm" c="dimmed" mb="sm">
          {encryption.byHandHint}
        </Text>
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <RightButton call="startExport" onClick={() => setTransfer('export')} {...WIDE}>
            {encryption.export}
          </RightButton>
          <RightButton call="startImport" onClick={() => setTransfer('import')} {...WIDE}>
            {encryption.import}
          </RightButton>
        </SimpleGrid>
      </div>
      <div className="card">
        <Title order={3} size="h5" mb={4}>
          {encryption.newKeys}
        </Title>
        <Group justify="space-between">
          <Text size="sm">{encryption.drives}</Text>
          <Text size="sm">{encryption.drivesAlgorithm}</Text>
        </Group>
        <Group justify="space-between">
          <Text size="sm">{encryption.files}</Text>
          <Text size="sm">{encryption.filesAlgorithm}</Text>
        </Group>
      </div>
      {transfer === 'export' && <ExportDialog onClose={() => setTransfer(undefined)} />}
      {transfer === 'import' && <ImportDialog onClose={() => setTransfer(undefined)} />}
    </Stack>
  );
}

function wordOf(
  words: { readonly on: string; readonly off: string; readonly onAfter: string; readonly offAfter: string },
  now: boolean,
  wanted: boolean,
): string {
  if (now === wanted) return now ? words.on : words.off;
  return wanted ? words.onAfter : words.offAfter;
}

function LinkRow({
  name,
  state,
  word,
}: {
  readonly name: string;
  readonly state: Parameters<typeof StateMark>[0]['state'];
  readonly word: string;
}) {
  return (
    <Group justify="space-between" gap={4}>
      <Group gap="xs" wrap="nowrap">
        <StateMark state={state} />
        <Text size="sm" dir="auto">
          {name}
        </Text>
      </Group>
      <Text size="sm" ta="end">
        {word}
      </Text>
    </Group>
  );
}
