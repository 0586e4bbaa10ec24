/** Adds a person, who gets a link, or a service account, which gets a key: both are shown once. */
import { Button, Checkbox, Group, Modal, MultiSelect, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { ApprovalOrProblem } from '../../parts/approval-or-problem.tsx';
import { CopiedText } from '../../parts/copied-text.tsx';
import { useTimes } from '../../parts/times.ts';
import { useWork } from '../../parts/use-work.ts';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';

import { askedLimits, type Limits, RoleLimits } from './role-limits.tsx';
import { rolesQuery } from './roles-query.ts';

type WayIn = PeopleAnswer<'addPerson'>;

export function useRoleNames(): readonly string[] {
  return useQuery(rolesQuery).data?.roles.map(({ name }) => name) ?? [];
}

export function AddPersonDialog({
  onAdded,
  onClose,
}: {
  readonly onAdded: (way: WayIn) => void;
  readonly onClose: () => void;
}) {
  const { people: texts, cancel } = useTexts(LISTS);
  const { act } = useSession();
  const roleNames = useRoleNames();
  const [name, setName] = useState('');
  const [roles, setRoles] = useState<string[]>([]);
  const [limits, setLimits] = useState<Limits>({});
  const [service, setService] = useState(false);
  const { busy, error, run } = useWork();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const limited = askedLimits(limits, roles);
    const request = {
      name,
      roles,
      ...(limited.length === 0 ? {} : { limits: limited }),
      ...(service ? { service } : {}),
    };
    run(async () => onAdded(await act((options) => call('addPerson', request, options))));
  };
  return (
    <Modal opened onClose={onClose} title={texts.addTitle} centered>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label={texts.name}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
            required
            withAsterisk={false}
          />
          <MultiSelect label={texts.roles} data={[...roleNames]} value={roles} onChange={setRoles} />
          <RoleLimits roles={roles} limits={limits} onChange={setLimits} />
          <Checkbox
            label={texts.isService}
            checked={service}
            onChange={(event) => setService(event.currentTarget.checked)}
          />
          <ApprovalOrProblem error={error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={name.trim() === ''}>
              {texts.add.replace('…', '')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export function WayInDialog({ way, onClose }: { readonly way: WayIn; readonly onClose: () => void }) {
  const { people: texts, devices } = useTexts(LISTS);
  const times = useTimes();
  const shown = way.setupUrl ?? way.apiKey ?? '';
  return (
    <Modal opened onClose={onClose} title={way.person.name} size="lg" centered closeOnClickOutside={false}>
      <Stack>
        <Text size="sm">{way.setupUrl === undefined ? texts.keyHint : texts.linkHint}</Text>
        <CopiedText text={shown} label={way.person.name} />
        {way.expiresAt !== null && (
          <Text size="sm" c="dimmed">
            {devices.until(times.day(way.expiresAt))}
          </Text>
        )}
      </Stack>
    </Modal>
  );
}
