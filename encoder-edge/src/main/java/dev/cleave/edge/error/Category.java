package dev.cleave.edge.error;

/** What a caller of the SDK should do after a {@link CleaveException}. */
public enum Category {
  /** The same request may be made again, after {@link CleaveException#retryDelay()} if given. */
  RETRY,
  /** The session is lost; opening another one, here or on another server, may succeed. */
  REOPEN_SESSION,
  /** The same request will fail again: something must be changed first. */
  FATAL
}
