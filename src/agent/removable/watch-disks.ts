/**
 * Notices that disks come and go: by `udevadm monitor`, and where there is none by looking every few seconds.
 *
 * Invariant: an event is only a hint to look. What is plugged in is read anew each time, so a lost event, or a thousand of
 * them, change nothing but when that is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { findTool, TOOL_FOLDERS } from '../drives/run-tool.ts';

export interface WatchOptions {
  readonly stop: AbortSignal;
  readonly folders?: readonly string[] | undefined;
  /** What is to be done when something came or went. Never throws. */
  readonly look: () => Promise<void>;
}

/** One plugging in is a dozen of events, for the disk and each of its partitions: they are one look. */
const SETTLE_MS = 300;
/** With a monitor: for an event that was lost. */
const LOOK_MS_MONITORED = 60_000;
/** Without one: so long a stick stays as it is. `lsblk` takes some milliseconds. */
const LOOK_MS_UNMONITORED = 5000;
/** A monitor that ended is started again after this. */
const RESTART_MS = 60_000;

/** Resolves when it was stopped. */
export async function watchDisks({ stop, folders, look }: WatchOptions): Promise<void> {
  let monitor: ChildProcess | undefined;
  let startedAt = Number.NEGATIVE_INFINITY;
  let wake = (): void => undefined;
  let hinted = false;
  const hint = (): void => {
    hinted = true;
    wake();
  };
  const end = (): void => {
    monitor?.kill('SIGTERM');
    wake();
  };
  stop.addEventListener('abort', end);
  while (!stop.aborted) {
    if (monitor === undefined && performance.now() - startedAt >= RESTART_MS) {
      startedAt = performance.now();
      monitor = await startMonitor(folders, hint, () => {
        monitor = undefined;
        wake();
      });
    }
    hinted = false;
    await look();
    if (stop.aborted) break;
    if (!hinted) {
      const waits = monitor === undefined ? LOOK_MS_UNMONITORED : LOOK_MS_MONITORED;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waits);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = () => undefined;
    }
    if (!stop.aborted) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  stop.removeEventListener('abort', end);
  monitor?.kill('SIGTERM');
}

/** Undefined where the system has no `udevadm`. */
async function startMonitor(
  folders: readonly string[] = TOOL_FOLDERS,
  hint: () => void,
  ended: () => void,
): Promise<ChildProcess | undefined> {
  const udevadm = await findTool('udevadm', folders);
  if (udevadm === undefined) return undefined;
  // After udev's rules: they tell the serial number and the model.
  const child = spawn(udevadm, ['monitor', '--udev', '--subsystem-match=block'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: folders.join(':'), LC_ALL: 'C' },
    cwd: '/',
  });
  child.stdout.on('data', hint);
  child.once('error', ended);
  child.once('exit', ended);
  return child;
}
