/**
 * A list of the API as far as it was asked for: page after page, each with the position of the next.
 *
 * Invariant: a search goes on by itself until it has something to show or has looked at everything: a page of the API
 * looks at a bounded number of rows, and an empty one says nothing of the rest.
 */
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

interface Paged {
  readonly next: string | null;
}

/** A search ends at so many rows until more are asked for: a screen full. */
const ROWS_SOUGHT = 25;

/**
 * @param key what the list is of, and its filter: another filter begins anew.
 * @param rowsOf the rows of one page.
 */
export function usePagedList<Page extends Paged, Row>(
  key: readonly unknown[],
  fetchPage: (after: { readonly after?: string }, signal: AbortSignal) => Promise<Page>,
  rowsOf: (page: Page) => readonly Row[],
  refetchInterval: number | false = false,
) {
  const list = useInfiniteQuery({
    queryKey: key,
    refetchInterval,
    // While another filter is asked for, what was there stays in its place.
    placeholderData: keepPreviousData,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      fetchPage(pageParam === undefined ? {} : { after: pageParam }, signal),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const rows = list.data?.pages.flatMap(rowsOf) ?? [];
  const [sought, setSought] = useState({ of: '', rows: ROWS_SOUGHT });
  const of = JSON.stringify(key);
  const wanted = sought.of === of ? sought.rows : ROWS_SOUGHT;
  const { hasNextPage, isFetching, isPlaceholderData, isError, fetchNextPage } = list;
  const seeking = hasNextPage && !isPlaceholderData && !isError && rows.length < wanted;
  useEffect(() => {
    if (seeking && !isFetching) void fetchNextPage();
  }, [seeking, isFetching, fetchNextPage]);
  return {
    lastPage: isPlaceholderData ? undefined : list.data?.pages.at(-1),
    /** For `ListTable`. */
    shown: {
      rows,
      loading: list.isLoading || seeking,
      /** What is shown belongs to the filter before. */
      old: isPlaceholderData,
      error: list.error,
      onRetry: () => void list.refetch(),
      more:
        hasNextPage && !isPlaceholderData
          ? {
              load: () => setSought({ of, rows: rows.length + ROWS_SOUGHT }),
              busy: seeking || list.isFetchingNextPage,
            }
          : undefined,
    },
  };
}
