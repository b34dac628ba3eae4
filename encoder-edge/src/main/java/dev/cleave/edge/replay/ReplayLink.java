package dev.cleave.edge.replay;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.StreamTerms;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.Open;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A link whose sessions outlive their servers: each gets a name, keeps what it sends, and when its
 * server is lost is opened again, on another where there is one, and sent there once more. Whoever
 * uses a stream of it notices nothing but the time that takes.
 */
public final class ReplayLink implements DecoderLink {
  private final SecureRandom random = new SecureRandom();
  private final DecoderLink link;
  private final Recovery recovery;
  private final Backoff backoff;
  private final Set<ReplayStream> streams = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  ReplayLink(DecoderLink link, Recovery recovery, Backoff backoff) {
    this.link = link;
    this.recovery = recovery;
    this.backoff = backoff;
  }

  /**
   * Takes a link over; it is closed with this one.
   *
   * @return the link itself where nothing is to be recovered
   */
  public static DecoderLink over(DecoderLink link, Recovery recovery) {
    return recovery.enabled()
        ? new ReplayLink(link, recovery, Backoff.usual(new SecureRandom()))
        : link;
  }

  @Override
  public DescribeReply describe(Duration timeout) {
    return link.describe(timeout);
  }

  @Override
  public int servers() {
    return link.servers();
  }

  @Override
  public DecoderStream open(Open asked, StreamTerms terms) {
    Open open =
        asked.toBuilder()
            .setSessionHigh(random.nextLong())
            .setSessionLow(random.nextLong())
            .build();
    FrameStore store = new FrameStore(recovery);
    Transcript transcript =
        open.getStepPositions() > 0 ? new SessionTranscript(store) : new UploadTranscript(store);
    Reopening reopening =
        new Reopening(link, open, terms, new Attempts(recovery, backoff, link::servers, 0));
    ReplayStream stream =
        new ReplayStream(
            reopening,
            transcript,
            new Patience(recovery, terms.deadline()),
            reopening.open(reopening.request(), terms.deadline()),
            streams::remove);
    streams.add(stream);
    if (closed) {
      stream.close();
      throw CleaveException.fatal(Code.CLOSED, "this client is closed", "open another one");
    }
    return stream;
  }

  @Override
  public void close() {
    closed = true;
    // First, lest they look for other servers.
    streams.forEach(ReplayStream::close);
    link.close();
  }
}
