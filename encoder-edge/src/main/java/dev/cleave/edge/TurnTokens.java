package dev.cleave.edge;

import dev.cleave.edge.causal.Turn;
import dev.cleave.edge.causal.TurnEnd;
import dev.cleave.edge.causal.TurnReport;
import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.link.WireTally;
import org.jspecify.annotations.Nullable;

/** The tokens of one turn of a session. */
final class TurnTokens implements TokenSource {
  private final GenerationTerms terms;
  private final Turn turn;
  private final int capacity;
  private final Runnable atEnd;

  /**
   * The tokens of this turn.
   *
   * @param capacity positions that the session has room for
   * @param atEnd done once the turn has ended, however it does
   */
  TurnTokens(GenerationTerms terms, Turn turn, int capacity, Runnable atEnd) {
    this.terms = terms;
    this.turn = turn;
    this.capacity = capacity;
    this.atEnd = atEnd;
  }

  @Override
  public Next next() {
    try {
      if (turn.advance()) {
        return new Answered(turn.id(), turn.logits());
      }
    } catch (CleaveException e) {
      atEnd.run();
      throw e;
    }
    atEnd.run();
    return new Ended(reason(turn.end()));
  }

  @Override
  public void cancel() {
    turn.cancel();
  }

  @Override
  public void leave(CleaveException why) {
    turn.leave(why);
  }

  @Override
  public void close() {
    turn.close();
    atEnd.run();
  }

  @Override
  public Receipt receipt(FinishReason reason, int answered) {
    TurnReport report = turn.report();
    if (report == null) {
      throw new IllegalStateException("the turn has not ended well");
    }
    TurnReport.Sent sent = report.sent();
    TurnReport.Measured measured = report.measured();
    TurnReport.Times times = report.times();
    WireTally tally = sent.tally();
    Long seed = terms.seed().isPresent() ? terms.seed().getAsLong() : null;
    return new Receipt(
        terms.bundleId(),
        report.serverName(),
        EngineChoice.ORT.text(),
        new Receipt.Sent(
            new Receipt.Coding(
                terms.codec().name(),
                terms.codec().reason(),
                terms.codec().hasConstantFrames(),
                terms.bitsPerElement(tally.frameBytesUp(), sent.positions()),
                measured == null
                    ? null
                    : GenerationLedger.measured(
                        measured.certificate(), measured.nanos(), terms.codec().isExact())),
            tally.frames(),
            sent.positions(),
            tally.frameBytesUp(),
            tally.messageBytesUp()),
        new Receipt.Received(answered, tally.messageBytesDown(), reason, seed),
        new Receipt.Recovered(sent.reopened(), tally.again().messageBytesUp()),
        GenerationLedger.timing(
            times.compute(),
            times.firstToken(),
            times.lastToken() - times.firstToken(),
            times.total(),
            times.tokens()),
        new Receipt.Steps(
            sent.roundTrips(),
            sent.drafts().sent(),
            sent.drafts().accepted(),
            GenerationLedger.round(sent.upPerToken(), 10),
            GenerationLedger.round(sent.downPerToken(), 10),
            measured == null ? 0 : measured.certificate().positions(),
            note()));
  }

  private @Nullable String note() {
    return turn.end() == TurnEnd.CONTEXT_FULL
        ? "the context of %d positions is full: begin another conversation, or take some back"
            .formatted(capacity)
        : null;
  }

  private static FinishReason reason(@Nullable TurnEnd end) {
    if (end == null) {
      throw new IllegalStateException("the turn goes on");
    }
    return switch (end) {
      case END_ID -> FinishReason.EOS;
      case LENGTH, CONTEXT_FULL -> FinishReason.LENGTH;
      case CANCELLED -> FinishReason.CANCELLED;
    };
  }
}
