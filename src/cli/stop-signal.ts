/** SIGINT and SIGTERM as one abort signal. The second one kills: whoever asks twice does not want to wait. */

let stop: AbortController | undefined;

/** Until this is first called, the signals end the process as always. */
export function stopSignal(): AbortSignal {
  if (stop !== undefined) return stop.signal;
  stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop?.abort());
  return stop.signal;
}
