/** What a policy would change and for how many devices, before it is set. */
import { Button, Group, List, Modal, Stack, Text } from '@mantine/core';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { ApprovalOrProblem } from '../../parts/approval-or-problem.tsx';
import { ChangedAlert, isChangedMeanwhile } from '../../parts/changed-alert.tsx';
import { useTimes } from '../../parts/times.ts';
import type { Work } from '../../parts/use-work.ts';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';
import { POLICY } from '../../texts/policy.ts';
import { usePolicyWords } from './policy-words.ts';

export function EffectDialog({
  effect,
  work,
  onApply,
  onClose,
}: {
  readonly effect: PeopleAnswer<'previewPolicy'>;
  readonly work: Work;
  readonly onApply: () => void;
  readonly onClose: () => void;
}) {
  const texts = useTexts(POLICY);
  const words = usePolicyWords();
  const { cancel } = useTexts(LISTS);
  const times = useTimes();
  const { changes, devices, groups, overruled } = effect;
  return (
    <Modal opened onClose={onClose} title={texts.applyTitle} centered size="lg">
      <Stack>
        <Text>{texts.devices(times.number(devices), times.number(groups.length))}</Text>
        {changes.length === 0 ? (
          <Text size="sm">{texts.nothing}</Text>
        ) : (
          <List size="sm" className="long-text">
            {changes.map(({ setting, before, after }) => (
              <List.Item key={setting}>
                <b>{words.name(setting)}</b>{' '}
                {texts.becomes(words.value(setting, before), words.value(setting, after))}
              </List.Item>
            ))}
          </List>
        )}
        {overruled.map(({ group, setting }) => (
          <Text key={`${group.id} ${setting}`} size="sm">
            {texts.overruled(group.name, words.name(setting))}
          </Text>
        ))}
        <Text size="sm" c="dimmed">
          {texts.heartbeat}
        </Text>
        <ChangedAlert error={work.error} now={texts.isNow} stays="entered" />
        {!isChangedMeanwhile(work.error) && <ApprovalOrProblem error={work.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {cancel}
          </Button>
          <Button loading={work.busy} onClick={onApply}>
            {texts.apply}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
