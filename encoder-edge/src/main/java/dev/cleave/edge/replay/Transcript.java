package dev.cleave.edge.replay;

import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import org.jspecify.annotations.Nullable;

/**
 * What one session has sent and was answered, as far as another server needs it and is held to it.
 * Confined to who holds the session's lock.
 */
interface Transcript extends AutoCloseable {

  /** What a message of the server is to the caller. */
  enum Answer {
    /** What comes next. */
    NEW,
    /** What the caller has already, from a server before. */
    KNOWN,
    /** Not what a server before has answered. */
    OTHER
  }

  /** Keeps a message that is about to be sent. */
  void keep(Uplink message);

  /** Forgets what was kept last, as it was not sent. */
  void takeBack();

  /** Whether all that was sent is still here. */
  boolean isWhole();

  /** A new stream begins, on which nothing was sent. */
  void rewind();

  /** The next message for a new stream; null when it has all. */
  @Nullable Uplink next();

  /** How many answers the stream in use owes of those that the caller has already. */
  int owedAgain();

  /** Whether the stream in use owes a message of any kind. */
  boolean owed();

  /** Takes what the server of the stream in use says. */
  Answer take(ServerMessage message);

  /** Where in the session that is, for people. */
  static String place(ServerMessage message) {
    return switch (message.getMessageCase()) {
      case TOKEN -> "token " + Integer.toUnsignedString(message.getToken().getPosition());
      case SAMPLED -> "position " + Integer.toUnsignedString(message.getSampled().getPosition());
      case DONE -> "the end, after %d tokens".formatted(message.getDone().getTokens());
      case OPENED, MESSAGE_NOT_SET -> "the beginning";
    };
  }

  /** Forgets everything, overwriting it. */
  @Override
  void close();
}
