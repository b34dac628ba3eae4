package dev.cleave.server.session;

/** Memory of what a session has received, charged to a {@link PromptBudget} until it is closed. */
public sealed interface PromptMemory extends AutoCloseable permits PromptBuffer, RowQueue {

  /** Overwrites what was received with zeros and frees it. Idempotent. */
  @Override
  void close();
}
