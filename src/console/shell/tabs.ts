/** What the tabs of one browser tell each other about the session that they share. */
const NAME = 'keystair-session';

export type TabNews = 'signed-in' | 'signed-out';

export function tellTabs(news: TabNews): void {
  const tabs = new BroadcastChannel(NAME);
  // A channel has no target: it reaches pages of this server only.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  tabs.postMessage(news);
  tabs.close();
}

/** @returns how to stop hearing. */
export function hearTabs(hear: (news: TabNews) => void): () => void {
  const tabs = new BroadcastChannel(NAME);
  tabs.addEventListener('message', ({ data }) => hear(data as TabNews));
  return () => tabs.close();
}
