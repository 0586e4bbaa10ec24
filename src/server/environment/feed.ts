/**
 * Something that people watch. It keeps no events: a watcher asks what is new after the last that they were told. So a
 * slow watcher costs nothing, and is told only the latest.
 */
import type { Caller } from '#domain/right.ts';

export interface FeedEvent {
  /** What the next question begins behind. */
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

export interface Feed {
  /** @param after the id of the last event that this caller was told; undefined at first. */
  since(after: string | undefined, caller: Caller): readonly FeedEvent[];
  /** Told with each sign of life, whatever happened. */
  regularly?(after: string | undefined, caller: Caller): readonly FeedEvent[];
  /** Nothing more will come after what `since` tells. */
  readonly isOver: boolean;
  /** Returns a function that ends the listening. */
  listen(listener: () => void): () => void;
}
