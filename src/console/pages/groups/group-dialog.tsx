/**
 * Adds a group, or gives one another name and place. What somebody else changed meanwhile is not overwritten unseen: the
 * dialog shows it, and keeps what was entered.
 */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { call } from '../../api/call.ts';
import { type ListedGroup, useGroups } from '../../api/groups.ts';
import { useSeen } from '../../api/seen.ts';
import { ApprovalOrProblem } from '../../parts/approval-or-problem.tsx';
import { ChangedAlert, isChangedMeanwhile } from '../../parts/changed-alert.tsx';
import { GroupSelect } from '../../parts/group-select.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { useWork } from '../../parts/use-work.ts';
import { useSession } from '../../shell/session.tsx';
import { GROUPS } from '../../texts/groups.ts';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';

export function GroupDialog({
  group,
  above: first,
  onDone,
  onClose,
}: {
  /** Undefined for a new one. */
  readonly group?: ListedGroup | undefined;
  /** Where it stands at first; the only group that somebody has, where none is given. */
  readonly above?: string | undefined;
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const texts = useTexts(GROUPS);
  const { cancel } = useTexts(LISTS);
  const { act } = useSession();
  const { busy, error, run } = useWork();
  const groups = useGroups().data?.groups ?? [];
  const seen = useSeen('showGroup', group?.id);
  const now = seen.answer?.group ?? group;
  // What nobody entered here follows what others change.
  const [entered, setEntered] = useState<{ readonly name?: string; readonly above?: string }>({});
  const name = entered.name ?? now?.name ?? '';
  const above = entered.above ?? now?.above ?? first ?? groups[0]?.id ?? '';
  const save = (event: FormEvent): void => {
    event.preventDefault();
    run(async () => {
      await seen.orSeeAgain(() =>
        act((options) =>
          group === undefined
            ? call('addGroup', { name, above }, options)
            : call('setGroup', { id: group.id, name, above }, { ...options, ifMatch: seen.version }),
        ),
      );
      onDone();
    });
  };
  return (
    <Modal opened onClose={onClose} title={group?.name ?? texts.addTitle} centered>
      <form onSubmit={save}>
        <Stack>
          <TextInput
            label={texts.name}
            value={name}
            onChange={({ currentTarget }) => setEntered({ ...entered, name: currentTarget.value })}
            data-autofocus
            required
            withAsterisk={false}
          />
          <GroupSelect
            label={texts.above}
            value={above}
            onChange={(chosen) => setEntered({ ...entered, above: chosen })}
            without={group === undefined ? [] : withAllBelow(groups, group.id)}
          />
          {now !== undefined && above !== now.above && <Text size="sm">{texts.changeHint}</Text>}
          {now !== undefined && (
            <ChangedAlert
              error={error}
              now={texts.isNow(now.name, groups.find(({ id }) => id === now.above)?.name ?? '')}
              stays="entered"
            />
          )}
          {seen.error !== null && <ProblemAlert error={seen.error} onRetry={() => void seen.refetch()} />}
          {!isChangedMeanwhile(error) && <ApprovalOrProblem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={name.trim() === '' || above === '' || !seen.ready}>
              {texts.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** A group stands in none of these. */
function withAllBelow(groups: readonly ListedGroup[], id: string): readonly string[] {
  const below = groups.filter(({ above }) => above === id).flatMap((one) => withAllBelow(groups, one.id));
  return [id, ...below];
}
