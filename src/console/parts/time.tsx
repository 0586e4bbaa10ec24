/**
 * A time in the person's zone; the exact one on demand, by pointer, finger or keyboard. In a list whose rows open into
 * details that have the exact one, a time is no stop of the keyboard.
 */
import { Tooltip } from '@mantine/core';
import { useTimes } from './times.ts';

export function Time({
  at,
  never,
  detailed = false,
}: {
  readonly at: string | null;
  readonly never: string;
  /** The details of its row have the exact time. */
  readonly detailed?: boolean;
}) {
  const times = useTimes();
  if (at === null) return <>{never}</>;
  const exact = times.exact(at);
  if (detailed)
    return (
      <time dateTime={at} title={exact}>
        {times.day(at)}
      </time>
    );
  return (
    <Tooltip label={exact} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      <time dateTime={at} tabIndex={0}>
        {times.day(at)}
      </time>
    </Tooltip>
  );
}
