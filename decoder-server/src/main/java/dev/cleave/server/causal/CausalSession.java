package dev.cleave.server.causal;

import dev.cleave.server.sampling.Sampling;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.RowQueue;
import dev.cleave.server.tenant.Tenancy;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One session on its way through the scheduler: what it asks for and what it holds. Made on a
 * call's thread; with {@link SegmentScheduler#join} the lease and the rows pass to the scheduler,
 * which gives them back when the session ends.
 */
public final class CausalSession {

  /**
   * What the client asked for.
   *
   * @param tenancy for whom, which decides its share of a step
   * @param sampling of every token
   * @param wantLogits hand the logits to the sink with each token
   */
  public record Request(Tenancy tenancy, Sampling sampling, boolean wantLogits) {
    /** Whether the largest logit alone cannot answer. */
    boolean needsLogits() {
      return wantLogits || !sampling.greedy();
    }
  }

  private final Request request;
  private final KvSlots.Lease lease;
  private final RowQueue rows;
  private final SessionSink sink;

  /** Confined to the owner thread; null before the session has joined and after it has left. */
  @Nullable Lane lane;

  public CausalSession(Request request, KvSlots.Lease lease, RowQueue rows, SessionSink sink) {
    this.request = Objects.requireNonNull(request, "request");
    this.lease = Objects.requireNonNull(lease, "lease");
    this.rows = Objects.requireNonNull(rows, "rows");
    this.sink = Objects.requireNonNull(sink, "sink");
  }

  /** The boundary tensors that were received and wait for their step. */
  public RowQueue rows() {
    return rows;
  }

  Request request() {
    return request;
  }

  Tenancy tenancy() {
    return request.tenancy();
  }

  /** Positions of KV that are reserved for it. */
  int positions() {
    return lease.positions();
  }

  SessionSink sink() {
    return sink;
  }

  /** Gives back what it holds, then tells the sink. */
  void end(SessionEnd end) {
    rows.close();
    lease.close();
    sink.ended(end);
  }
}
