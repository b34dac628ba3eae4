package dev.cleave.edge.chat;

import java.util.Set;

/**
 * One message of a conversation. Immutable.
 *
 * @param role {@code system}, {@code user} or {@code assistant}
 * @param content its text, as it was written
 */
public record ChatMessage(String role, String content) {
  private static final Set<String> ROLES = Set.of("system", "user", "assistant");

  public ChatMessage {
    if (!ROLES.contains(role)) {
      throw new IllegalArgumentException(
          "a message is from system, user or assistant, got '" + role + "'");
    }
  }

  /** What tells the model how to behave. */
  public static ChatMessage system(String content) {
    return new ChatMessage("system", content);
  }

  /** What the person says. */
  public static ChatMessage user(String content) {
    return new ChatMessage("user", content);
  }

  /** What the model answered. */
  public static ChatMessage assistant(String content) {
    return new ChatMessage("assistant", content);
  }
}
