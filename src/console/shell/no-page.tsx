/** An address that no page has. */
import { Page } from '../parts/page.tsx';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';

export function NoPage() {
  const { common } = useTexts(SHELL);
  return <Page title={common.notFound}>{null}</Page>;
}
