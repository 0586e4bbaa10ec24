/** The answer: the verdict, each server on the way with its link, and what helps. */
import { Alert, Button, Group, Text, Timeline } from '@mantine/core';
import { useSearchParams } from 'react-router';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { capital } from '../../parts/capital.ts';
import { StateMark, type State } from '../../parts/state-mark.tsx';
import { useTimes } from '../../parts/times.ts';
import { useSession } from '../../shell/session.tsx';
import { KEYS } from '../../texts/keys.ts';
import { useLanguage, useTexts } from '../../texts/language.tsx';
import { verdictWords } from '../../texts/verdicts.ts';

type Explained = PeopleAnswer<'explainKey'>;
type Server = Explained['path'][number];

function stateOf({ has, wrongClaim, link }: Server): State {
  if (wrongClaim === true) return 'bad';
  if (has === true) return 'good';
  if (link === 'dmz') return 'apart';
  return link === 'unreachable' || link === 'refused' || link === 'never-heard' ? 'bad' : 'off';
}

export function WayOfKey({ explained, keyId }: { readonly explained: Explained; readonly keyId: string }) {
  const { why } = useTexts(KEYS);
  const { me } = useSession();
  const times = useTimes();
  const [, setSearch] = useSearchParams();
  const { language } = useLanguage();
  const { path, verdict, nextStep } = explained;
  const words = verdictWords(language, explained, times.day);
  const spoken = words === undefined ? 'en' : language;
  const opens = path.some(({ has, wrongClaim }) => has === true && wrongClaim !== true);
  const properties = (): void =>
    setSearch((now) => {
      now.set('properties', me.server.id);
      now.set('section', 'encryption');
      return now;
    });
  const offHere = path.find(({ server }) => server.id === me.server.id)?.option === false;
  return (
    <>
      <Alert
        color={opens ? 'green' : 'red'}
        variant="light"
        role="status"
        title={<span lang={spoken}>{words?.verdict ?? capital(verdict)}</span>}
      />
      <Timeline
        active={path.length}
        bulletSize={26}
        lineWidth={3}
        aria-label={keyId}
        styles={{ itemBullet: { background: 'var(--page-card)', borderColor: 'var(--page-line)' } }}
      >
        {path.map((server) => (
          <Timeline.Item
            key={server.server.id}
            bullet={<StateMark state={stateOf(server)} />}
            title={<bdi>{server.server.name}</bdi>}
          >
            <Text size="sm" c="dimmed">
              {[
                server.wrongClaim === true
                  ? why.wrongClaim
                  : server.has === null
                    ? why.notAsked
                    : server.has
                      ? why.has
                      : why.hasNot,
                ...(server.option ? [] : [why.optionOff]),
                why.links[server.link],
                ...(server.since == null ? [] : [times.day(server.since)]),
              ].join(' · ')}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
      <div>
        <Text fw={600}>{why.next}</Text>
        <Text size="sm" lang={spoken}>
          {words?.next ?? `${capital(nextStep)}.`}
        </Text>
      </div>
      {!opens && (
        <Group gap="xs">
          {offHere && <Button onClick={properties}>{why.turnOn}</Button>}
          <Button variant="default" onClick={properties}>
            {why.carry}
          </Button>
        </Group>
      )}
    </>
  );
}
