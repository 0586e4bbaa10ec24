/** A listing that comes in pages: each asked for behind the one before. */
export async function* pages<Cursor, Page extends { readonly next: Cursor | null }>(
  ask: (behind: { readonly after?: Cursor }) => Promise<Page>,
): AsyncGenerator<Page, void, undefined> {
  let behind: { readonly after?: Cursor } = {};
  for (;;) {
    const page = await ask(behind);
    yield page;
    if (page.next === null) return;
    behind = { after: page.next };
  }
}
