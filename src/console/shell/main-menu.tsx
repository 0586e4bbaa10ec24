/** The main menu: the servers of the tree with their settings icons, the pages, and who is signed in. */
import { Button, Flex, Group, Stack, Text } from '@mantine/core';
import { Link, NavLink } from 'react-router';
import { markOf, type PlacedServer, placedServers, serversInMenu, useHierarchy } from '../api/hierarchy.ts';
import { PropertiesButton } from '../parts/properties-button.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';
import { useSession } from './session.tsx';

const PAGES = ['overview', 'why', 'keys', 'devices', 'approvals', 'people', 'audit', 'reports'] as const;

export function MainMenu() {
  const texts = useTexts(SHELL);
  const { me, lacking, signOut } = useSession();
  const maySee = lacking('showHierarchy') === undefined;
  const hierarchy = useHierarchy(maySee);
  const servers = hierarchy.data === undefined ? [alone(me.server)] : placedServers(hierarchy.data);
  const inMenu = serversInMenu(servers);
  return (
    <Stack gap="lg" h="100%">
      <section aria-label={texts.menu.servers}>
        <Text size="xs" fw={600} c="dimmed" px="xs" mb={6}>
          {texts.menu.servers}
        </Text>
        <Stack gap={2}>
          {inMenu.map((placed) => (
            <ServerRow key={placed.server.id} placed={placed} />
          ))}
          {servers.length > inMenu.length && (
            <Button component={Link} to="/overview" variant="subtle" size="compact-sm" justify="start">
              {texts.menu.moreServers(String(servers.length - inMenu.length))}
            </Button>
          )}
        </Stack>
      </section>
      <section aria-label={me.server.name}>
        <Text size="xs" fw={600} c="dimmed" px="xs" mb={6}>
          {me.server.name}
        </Text>
        <Stack gap={2}>
          {PAGES.map((page) => (
            <NavLink key={page} to={`/${page}`} className="menu-link">
              {texts.pages[page]}
            </NavLink>
          ))}
        </Stack>
      </section>
      <Stack gap={4} mt="auto" pt="md">
        <Text size="sm" c="dimmed" px="xs">
          {texts.menu.signedIn(me.person.name)}
        </Text>
        <Group gap={4}>
          <Button component={Link} to="/me" variant="subtle" size="compact-sm">
            {texts.menu.mySignIn}
          </Button>
          <Button variant="subtle" size="compact-sm" onClick={() => void signOut()}>
            {texts.menu.signOut}
          </Button>
        </Group>
      </Stack>
    </Stack>
  );
}

/** For those who may not see the tree. */
function alone({ id, name }: { readonly id: string; readonly name: string }): PlacedServer {
  const server = {
    id,
    name,
    useHierarchy: false,
    dmz: false,
    waiting: null,
    lastHeartbeatAt: null,
    problem: null,
  };
  return { server, depth: 0, above: undefined, place: 'own' };
}

function ServerRow({ placed }: { readonly placed: PlacedServer }) {
  const { id, name } = placed.server;
  return (
    <div
      className="menu-row"
      data-own={placed.place === 'own' || undefined}
      style={{ marginInlineStart: `${Math.min(placed.depth, 6) * 1.25}rem` }}
    >
      <StateMark state={markOf(placed)} />
      {/* A name reads in its own direction, and is cut off at its own end, but stands beside its mark. */}
      <Flex flex={1} miw={0}>
        <Text size="sm" fw="inherit" truncate dir="auto">
          {name}
        </Text>
      </Flex>
      <PropertiesButton id={id} name={name} />
    </div>
  );
}
