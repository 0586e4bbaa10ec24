/** A switch for a call: for who lacks the right it is disabled, and says which right and who can give it. */
import { Switch, type SwitchProps, Tooltip } from '@mantine/core';
import type { CallName } from '../api/call.ts';
import { useSession } from '../shell/session.tsx';
import { useMissingRight } from './missing-right.ts';

export function RightSwitch({ call, disabled = false, ...look }: SwitchProps & { readonly call: CallName }) {
  const sentence = useMissingRight();
  const missing = useSession().lacking(call);
  return (
    <Tooltip disabled={missing === undefined} label={missing && sentence(missing)}>
      <Switch
        {...look}
        disabled={disabled || missing !== undefined}
        styles={{ label: { fontWeight: 600 } }}
      />
    </Tooltip>
  );
}
