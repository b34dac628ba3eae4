package dev.cleave.bench.chaos.hostile;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.link.Connection;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.GrpcDecoderLink;
import dev.cleave.edge.link.StreamTerms;
import dev.cleave.v1.Open;
import dev.cleave.wire.WireLimits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;

/** One tenant opens the live session of another, with a higher attempt. */
public final class Theft {
  private static final StreamTerms TERMS =
      new StreamTerms(Optional.of(Duration.ofSeconds(60)), WireLimits.MAX_DOWNLINK_BYTES);

  private Theft() {}

  /**
   * Tries it once.
   *
   * @return what the owner of the session noticed; empty where that is nothing
   */
  public static String attempt(
      Connection owner, Connection thief, Path bundle, SplittableRandom random) {
    Open open = Corpus.of(bundle).open(random).build();
    try (DecoderLink one = GrpcDecoderLink.to(owner);
        DecoderLink other = GrpcDecoderLink.to(thief);
        DecoderStream live = one.open(open, TERMS)) {
      live.opened();
      try (DecoderStream stolen = other.open(open.toBuilder().setAttempt(1).build(), TERMS)) {
        stolen.opened();
        stolen.cancel();
      } catch (CleaveException refused) {
        // as well
      }
      live.cancel();
      // Done, where the stream is still its owner's.
      return live.next().hasDone() ? "" : "the owner's session did not end as it was told";
    } catch (CleaveException e) {
      return "the owner of a session got: " + e.getMessage();
    }
  }
}
