/**
 * The properties of a server, in sections. OK applies what was changed, Cancel does not, and leaving with changes asks.
 *
 * The dialog stands in the address (`?properties=ID&section=…`), so that a colleague can be sent to it and going back
 * closes it.
 */
import { Button, CloseButton, Drawer, Group, Modal, Stack, Tabs, Text, Title } from '@mantine/core';
import { useMediaQuery, useWindowEvent } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, type RefObject, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { placedServers, useHierarchy } from '../api/hierarchy.ts';
import { ChangedAlert, isChangedMeanwhile } from '../parts/changed-alert.tsx';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { useReturnedFocus } from '../parts/use-returned-focus.ts';
import { useSession } from '../shell/session.tsx';
import { useTexts } from '../texts/language.tsx';
import { PROPERTIES } from '../texts/properties.ts';
import { SHELL } from '../texts/shell.ts';
import { type Changes, EncryptionSection } from './encryption-section.tsx';
import { BackupsSection } from './backups-section.tsx';
import { GeneralSection } from './general-section.tsx';
import { SealsSection } from './seals-section.tsx';

const FIRST = 'encryption';

export function PropertiesDialog({ server: id }: { readonly server: string }) {
  const { properties } = useTexts(PROPERTIES);
  const { common } = useTexts(SHELL);
  const { me, lacking, act } = useSession();
  useReturnedFocus();
  const client = useQueryClient();
  const phone = useMediaQuery('(max-width: 48em)');
  const [search, setSearch] = useSearchParams();
  const hierarchy = useHierarchy(lacking('showHierarchy') === undefined);
  const servers = hierarchy.data === undefined ? [] : placedServers(hierarchy.data);
  const own = id === me.server.id;
  const shown = servers.find(({ server }) => server.id === id)?.server;
  const name = own ? me.server.name : (shown?.name ?? id);
  const address = shown?.console;
  const [changes, setChanges] = useState<Changes>({});
  const [leaving, setLeaving] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const count = Object.keys(changes).length;
  const section = search.get('section') ?? FIRST;

  const close = (): void =>
    setSearch((now) => {
      now.delete('properties');
      now.delete('section');
      return now;
    });
  const leave = (): void => (count === 0 ? close() : setLeaving(true));
  const content = useOwnEscape(leave);
  const apply = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      for (const change of Object.values(changes)) await act(change);
      await client.invalidateQueries();
      close();
    } catch (failure) {
      if (isChangedMeanwhile(failure)) {
        // What it is now is decided on anew.
        setChanges({});
        await client.invalidateQueries();
      }
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  const sections: readonly (readonly [value: string, label: string, shown: ReactNode])[] = [
    ['general', properties.general, <GeneralSection key="general" own={own} name={name} address={address} />],
    [
      FIRST,
      properties.encryption,
      <EncryptionSection
        key={FIRST}
        own={own}
        id={id}
        name={name}
        address={address}
        changes={changes}
        onChange={setChanges}
      />,
    ],
    ...(own
      ? ([
          ['seals', properties.seals, <SealsSection key="seals" />],
          ['backups', properties.backups, <BackupsSection key="backups" />],
        ] as const)
      : []),
  ];
  return (
    <Drawer.Root
      opened
      onClose={leave}
      closeOnEscape={false}
      position="right"
      size={phone ? '100%' : 'min(68vw, 60rem)'}
    >
      <Drawer.Overlay />
      <Drawer.Content
        aria-label={properties.title(name)}
        ref={content}
        styles={{ content: { display: 'flex', flexDirection: 'column' } }}
      >
        <Group
          justify="space-between"
          px="lg"
          py="md"
          wrap="nowrap"
          style={{ borderBottom: '1px solid var(--page-line)' }}
        >
          <Title order={2} size="h4" dir="auto">
            {properties.title(name)}
          </Title>
          <CloseButton onClick={leave} aria-label={common.close} />
        </Group>
        <Tabs
          value={section}
          onChange={(value) =>
            setSearch(
              (now) => {
                now.set('section', value ?? FIRST);
                return now;
              },
              { replace: true },
            )
          }
          orientation={phone ? 'horizontal' : 'vertical'}
          variant="pills"
          styles={{ tabLabel: { textAlign: 'start' } }}
          flex={1}
          style={{ minHeight: 0, overflow: 'auto' }}
        >
          <Tabs.List
            p="sm"
            miw={220}
            style={phone ? {} : { flex: 'none', borderInlineEnd: '1px solid var(--page-line)' }}
          >
            {sections.map(([value, label]) => (
              <Tabs.Tab key={value} value={value}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {sections.map(([value, , shown]) => (
            <Tabs.Panel key={value} value={value} p="lg" miw={0}>
              {shown}
            </Tabs.Panel>
          ))}
        </Tabs>
        <Stack px="lg" py="sm" gap="xs" style={{ borderTop: '1px solid var(--page-line)' }}>
          <ChangedAlert error={error} stays="again" />
          {error !== undefined && !isChangedMeanwhile(error) && <ProblemAlert error={error} />}
          <Group justify="space-between">
            <Text size="sm" c="dimmed" role="status">
              {count > 0 && properties.changes(count)}
            </Text>
            <Group gap="xs">
              <Button variant="default" onClick={leave}>
                {properties.cancel}
              </Button>
              <Button loading={busy} onClick={() => void apply()}>
                {properties.ok}
              </Button>
            </Group>
          </Group>
        </Stack>
        <Modal opened={leaving} onClose={() => setLeaving(false)} title={properties.leave} centered>
          <Text size="sm">{properties.leaveHint}</Text>
          <Group justify="flex-end" mt="md" gap="xs">
            <Button variant="default" onClick={() => setLeaving(false)}>
              {properties.stay}
            </Button>
            <Button color="red" onClick={close}>
              {properties.discard}
            </Button>
          </Group>
        </Modal>
      </Drawer.Content>
    </Drawer.Root>
  );
}

/**
 * Escape leaves, unless it is meant for a window over this one, or for a list of choices in it: what has not been saved
 * would go with it.
 */
function useOwnEscape(leave: () => void): RefObject<HTMLDivElement | null> {
  const content = useRef<HTMLDivElement>(null);
  useWindowEvent('keydown', ({ key, target }) => {
    if (key !== 'Escape' || !(target instanceof HTMLElement)) return;
    // Where the focus went with what had it, the key is meant for the window on top.
    const inside =
      target.closest('[role="dialog"]') ?? [...document.querySelectorAll('[role="dialog"]')].at(-1);
    const elsewhere = inside !== undefined && inside !== content.current;
    if (!elsewhere && target.dataset['mantineStopPropagation'] !== 'true') leave();
  });
  return content;
}
