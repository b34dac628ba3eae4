package dev.cleave.edge.replay;

import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.journal.SessionId;
import dev.cleave.edge.journal.SessionJournal;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.StreamTerms;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.Open;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.OptionalInt;
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
    return recovery.enabled() ? of(link, recovery) : link;
  }

  /** Takes a link over, also where nothing is to be recovered but by another process. */
  public static ReplayLink of(DecoderLink link, Recovery recovery) {
    return new ReplayLink(link, recovery, Backoff.usual(new SecureRandom()));
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
    SessionId id = SessionId.draw(random);
    Attempts attempts = new Attempts(recovery, backoff, link::servers, 0);
    Reopening reopening = new Reopening(link, named(asked, id), terms, attempts);
    return start(
        reopening, terms, Recording.none(), reopening.open(reopening.request(), terms.deadline()));
  }

  /**
   * This link for one session, which is written down as it goes on.
   *
   * @param journal taken over; one that has a past is gone on with
   */
  public DecoderLink recording(SessionJournal journal) {
    return new Recorded(journal);
  }

  /** Opens one session, by the name that its journal has. */
  private final class Recorded implements DecoderLink {
    private final SessionJournal journal;
    private boolean begun;

    Recorded(SessionJournal journal) {
      this.journal = journal;
    }

    @Override
    public DescribeReply describe(Duration timeout) {
      return ReplayLink.this.describe(timeout);
    }

    @Override
    public DecoderStream open(Open asked, StreamTerms terms) {
      if (begun) {
        throw CleaveException.of(
            Code.SERVER,
            Category.REOPEN_SESSION,
            "the session %s is lost, and kept on this device".formatted(journal.id()),
            "resume it once a server can be reached");
      }
      begun = true;
      Open open = named(asked, journal.id());
      OptionalInt before = journal.lastAttempt();
      Attempts attempts = new Attempts(recovery, backoff, link::servers, before.orElse(0));
      Reopening reopening = new Reopening(link, open, terms, attempts);
      if (before.isEmpty()) {
        journal.attempt(0);
        return start(
            reopening,
            terms,
            Recording.of(journal, null),
            reopening.open(reopening.request(), terms.deadline()));
      }
      attempts.resumed();
      RecordedStream past = new RecordedStream(journal.past());
      return start(reopening, terms, Recording.of(journal, past), past);
    }

    @Override
    public int servers() {
      return ReplayLink.this.servers();
    }

    /** The link belongs to the client. */
    @Override
    public void close() {}
  }

  private static Open named(Open asked, SessionId id) {
    return asked.toBuilder().setSessionHigh(id.high()).setSessionLow(id.low()).build();
  }

  private ReplayStream start(
      Reopening reopening, StreamTerms terms, Recording recording, DecoderStream first) {
    FrameStore store = new FrameStore(recovery);
    Transcript transcript =
        reopening.request().getStepPositions() > 0
            ? new SessionTranscript(store)
            : new UploadTranscript(store);
    ReplayStream stream =
        new ReplayStream(
            reopening,
            new ReplaySession.Books(transcript, recording),
            new Patience(recovery, terms.deadline()),
            first,
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
