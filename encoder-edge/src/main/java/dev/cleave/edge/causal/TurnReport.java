package dev.cleave.edge.causal;

import dev.cleave.codec.Certificate;
import dev.cleave.edge.codec.StreamCodec;
import dev.cleave.edge.link.WireTally;
import org.jspecify.annotations.Nullable;

/**
 * What one turn sent, received and took. Immutable.
 *
 * @param serverName what the server calls itself
 * @param codec how hidden states were coded
 * @param sent what left the device and came back
 * @param measured what the frames lose; null where none were sent
 * @param times how long it took
 */
public record TurnReport(
    String serverName, StreamCodec codec, Sent sent, @Nullable Measured measured, Times times) {

  /**
   * What left the device.
   *
   * @param tally frames and bytes, up and down
   * @param positions hidden states sent, of prompt, answer and drafts
   * @param roundTrips times that the server was waited for
   * @param drafts what became of drafts
   * @param upPerToken bytes sent for each token after the first, the prompt's bytes apart; 0
   *     without
   * @param downPerToken bytes received for each, likewise
   * @param reopened times that the session was lost and opened again
   */
  public record Sent(
      WireTally tally,
      int positions,
      int roundTrips,
      Drafts drafts,
      double upPerToken,
      double downPerToken,
      int reopened) {}

  /**
   * What became of drafts.
   *
   * @param sent how many
   * @param accepted how many stood
   */
  public record Drafts(int sent, int accepted) {}

  /**
   * What the frames lose.
   *
   * @param certificate of the positions that were measured
   * @param nanos how long measuring took, after the answer had ended
   */
  public record Measured(Certificate certificate, long nanos) {}

  /**
   * Nanoseconds, from the call on where not said otherwise.
   *
   * @param compute of computing the prompt on this device
   * @param firstToken to the first token; 0 where none came
   * @param lastToken to the last
   * @param total to the end
   * @param tokens of the answer, by which the rest is divided
   */
  public record Times(long compute, long firstToken, long lastToken, long total, int tokens) {}
}
