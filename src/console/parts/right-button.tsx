/** A button for a call: for who lacks the right it is disabled, and says which right and who can give it. */
import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import type { CallName } from '../api/call.ts';
import { useSession } from '../shell/session.tsx';
import { useMissingRight } from './missing-right.ts';

export function RightButton({
  call,
  onClick,
  label,
  submits = false,
  children,
  ...look
}: ButtonProps & {
  readonly call: CallName;
  readonly onClick?: () => void;
  /** Its whole name, where a short word stands beside what it is for. */
  readonly label?: string;
  /** It sends the form that it stands in. */
  readonly submits?: boolean;
  readonly children: ReactNode;
}) {
  const sentence = useMissingRight();
  const missing = useSession().lacking(call);
  if (missing === undefined)
    return (
      <Button {...look} type={submits ? 'submit' : 'button'} aria-label={label} onClick={onClick}>
        {children}
      </Button>
    );
  const why = sentence(missing);
  return (
    <Tooltip label={why} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      {/* Not truly disabled: it can be reached by keyboard, and says why. */}
      <Button
        {...look}
        aria-label={label}
        aria-disabled
        data-disabled
        aria-description={why}
        onClick={(event) => event.preventDefault()}
      >
        {children}
      </Button>
    </Tooltip>
  );
}
