package dev.cleave.edge.replay;

import dev.cleave.edge.journal.SessionJournal;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import org.jspecify.annotations.Nullable;

/**
 * Writes a session down as it goes on, where it is to outlive this process; else does nothing. What
 * comes from the journal is not written again. Confined to who holds the session's lock.
 */
final class Recording {
  private final @Nullable SessionJournal journal;
  private final @Nullable RecordedStream past;
  private boolean began;

  private Recording(@Nullable SessionJournal journal, @Nullable RecordedStream past) {
    this.journal = journal;
    this.past = past;
    this.began = past != null && !past.serverName().isEmpty();
  }

  /** Of a session that ends with this process. */
  static Recording none() {
    return new Recording(null, null);
  }

  /** Of a session that may go on in another process, or does so here. */
  static Recording of(SessionJournal journal, @Nullable RecordedStream past) {
    return new Recording(journal, past);
  }

  void attempt(int number) {
    if (journal != null) {
      journal.attempt(number);
    }
  }

  void opened(Opened opened) {
    if (journal != null && !began) {
      began = true;
      journal.opened(opened);
    }
  }

  /** What is to be sent in the place of this: the very bytes of the record where there is one. */
  Uplink sending(Uplink message) {
    Uplink recorded = past == null ? null : past.recorded(message);
    if (recorded != null) {
      return recorded;
    }
    if (journal != null) {
      journal.sent(message);
    }
    return message;
  }

  void answered(ServerMessage message, boolean live) {
    if (journal != null && live) {
      journal.answered(message);
    }
  }

  /** The session has ended, and nobody will resume it. */
  void erase() {
    if (journal != null) {
      journal.erase();
    }
  }

  /** This process is done with it. */
  void leave() {
    if (journal != null) {
      journal.close();
    }
  }
}
