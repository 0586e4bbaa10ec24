/** What stands around every page: the main menu, the page itself, the properties of a server over it. */
import { ActionIcon, AppShell, Burger, Group, ScrollArea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { lazy, useEffect } from 'react';
import { Navigate, Route, Routes, useLocation, useSearchParams } from 'react-router';
import type { ConsolePage } from '#protocol/people/console-pages.ts';
import { Later } from '../parts/later.tsx';
import { Mark } from '../parts/mark.tsx';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';
import { useLiveData } from './live.ts';
import { MainMenu } from './main-menu.tsx';
import { NoPage } from './no-page.tsx';

/** Each page comes when it is first opened. */
const PAGES = {
  overview: lazy(() =>
    import('../pages/overview/overview-page.tsx').then((made) => ({ default: made.OverviewPage })),
  ),
  why: lazy(() => import('../pages/why/why-page.tsx').then((made) => ({ default: made.WhyPage }))),
  keys: lazy(() => import('../pages/keys/keys-page.tsx').then((made) => ({ default: made.KeysPage }))),
  devices: lazy(() =>
    import('../pages/devices/devices-page.tsx').then((made) => ({ default: made.DevicesPage })),
  ),
  groups: lazy(() =>
    import('../pages/groups/groups-page.tsx').then((made) => ({ default: made.GroupsPage })),
  ),
  policy: lazy(() =>
    import('../pages/policy/policy-page.tsx').then((made) => ({ default: made.PolicyPage })),
  ),
  people: lazy(() =>
    import('../pages/people/people-page.tsx').then((made) => ({ default: made.PeoplePage })),
  ),
  roles: lazy(() => import('../pages/people/roles-page.tsx').then((made) => ({ default: made.RolesPage }))),
  approvals: lazy(() =>
    import('../pages/approvals/approvals-page.tsx').then((made) => ({ default: made.ApprovalsPage })),
  ),
  audit: lazy(() => import('../pages/audit/audit-page.tsx').then((made) => ({ default: made.AuditPage }))),
  reports: lazy(() =>
    import('../pages/reports/reports-page.tsx').then((made) => ({ default: made.ReportsPage })),
  ),
  me: lazy(() => import('../pages/me/me-page.tsx').then((made) => ({ default: made.MePage }))),
} as const satisfies Record<ConsolePage, unknown>;
const PropertiesDialog = lazy(() =>
  import('../properties/properties-dialog.tsx').then((made) => ({ default: made.PropertiesDialog })),
);

export function Frame() {
  const { menu } = useTexts(SHELL);
  useLiveData();
  const [opened, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  const [search] = useSearchParams();
  useEffect(close, [pathname, close]);
  return (
    <AppShell
      header={{ height: { base: 56, sm: 0 } }}
      navbar={{ width: 272, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', sm: 'xl' }}
      layout="alt"
    >
      <AppShell.Header hiddenFrom="sm">
        <Group h="100%" px="md">
          <Burger opened={opened} onClick={toggle} size="sm" aria-label={menu.open} />
          <Mark />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="md" aria-label={menu.name}>
        <Group justify="space-between" mb="md">
          <Mark />
          <ActionIcon hiddenFrom="sm" variant="subtle" onClick={toggle} aria-label={menu.open}>
            ✕
          </ActionIcon>
        </Group>
        <ScrollArea flex={1} type="auto">
          <MainMenu />
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main>
        <Later>
          <Routes>
            <Route path="/" element={<Navigate to="/overview" replace />} />
            {Object.entries(PAGES).map(([name, Page]) => (
              <Route key={name} path={`/${name}`} element={<Page />} />
            ))}
            <Route path="*" element={<NoPage />} />
          </Routes>
        </Later>
      </AppShell.Main>
      {search.has('properties') && (
        <Later>
          <PropertiesDialog key={search.get('properties')} server={search.get('properties')!} />
        </Later>
      )}
    </AppShell>
  );
}
