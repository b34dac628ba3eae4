package dev.cleave.edge.link;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;

/**
 * One generation or session on the wire. One thread sends the prompt ({@link #opened}, {@link
 * #send}), one reads the answer ({@link #next}, {@link #complete}); the rest may be called from
 * any. At most a handful of messages wait unread: a slow reader slows the server down, through flow
 * control.
 *
 * <p>In a session of many turns one thread at a time both sends and reads, each turn within a
 * {@link TurnLimit} of its own.
 */
public interface DecoderStream extends AutoCloseable {
  /**
   * Sends a message, waiting while the connection is full. A frame's buffer belongs to the stream
   * from then on.
   *
   * @return false when the stream was cancelled and nothing was sent
   * @throws CleaveException when the stream has failed
   */
  boolean send(Uplink message);

  /**
   * The server's answer to Open, waiting for it. It is not among the messages of {@link #next}.
   *
   * @throws CleaveException when the stream has failed
   * @throws StreamCancelled when it was cancelled before the answer came
   */
  Opened opened();

  /**
   * The next message of the server, waiting for it.
   *
   * @throws CleaveException when the stream has failed, or ended without the message that ends it
   */
  ServerMessage next();

  /**
   * Holds all waiting to this limit from now on: {@link #send}, {@link #opened} and {@link #next}
   * fail as {@link TurnLimit#requireLeft} does instead of waiting beyond it. The stream stands.
   */
  void limit(TurnLimit limit);

  /** Lets whoever waits look at the limit again. */
  void wake();

  /** Says that the server's last message has come, or that nothing more will be sent. */
  void complete();

  /**
   * Asks the server to stop. {@link #next} goes on giving what is under way; should the server not
   * end the stream within a grace time, the stream ends itself with {@link StreamCancelled}.
   */
  void cancel();

  /** Abandons the stream; {@link #next} and {@link #send} throw this failure from then on. */
  void fail(CleaveException failure);

  /** Whether all of a prompt was sent. */
  boolean promptSent();

  /** What the server called itself; empty before it opened the session. */
  String serverName();

  /** What went over the wire so far. */
  WireTally tally();

  /**
   * Waits until the server has ended the stream, which it does once it has given back what the
   * session held there; what else it sends until then is dropped. Not for ever: a server that is
   * slow or gone is left behind after a grace time. To be called behind {@link #complete} or {@link
   * #cancel}, when nobody reads any more.
   */
  void awaitEnd();

  /** Abandons the stream unless it has ended. */
  @Override
  void close();
}
