package dev.cleave.edge;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;

/**
 * What one generation sent, received and took. Written as one flat JSON object with snake_case
 * names. Immutable.
 *
 * @param bundleId sha-256 of the bundle, hex
 * @param serverName what the server calls itself
 * @param engine what computed on this device: {@code ort}, {@code hat}, {@code hat-sim}
 * @param sent what left the device
 * @param received what came back
 * @param recovered what servers that were lost have cost
 * @param timing how long it took
 * @param steps how the answer came about, where the device takes part in each step; else null
 */
public record Receipt(
    @JsonProperty("bundle_id") String bundleId,
    @JsonProperty("server_name") String serverName,
    @JsonProperty("engine") String engine,
    @JsonUnwrapped Sent sent,
    @JsonUnwrapped Received received,
    @JsonUnwrapped Recovered recovered,
    @JsonUnwrapped Timing timing,
    @JsonUnwrapped @Nullable Steps steps) {

  /** What was sent and what that means. */
  public static final String STATEMENT =
      "The prompt's text is never transmitted. What is transmitted can be inverted by a server that"
          + " knows the device half's weights. States are personal data.";

  /** {@link #STATEMENT}, so that it stands in the JSON. */
  @JsonProperty("statement")
  public String statement() {
    return STATEMENT;
  }

  /**
   * What left the device.
   *
   * @param coding how hidden states were coded
   * @param frames frames of hidden states
   * @param positions hidden states: one per token of the prompt; where the device takes part in
   *     each step, also of the answer and of drafts
   * @param frameBytes bytes of the frames: codec headers and payloads
   * @param messageBytes bytes of all gRPC messages sent, frames included; without HTTP/2 and TCP
   *     headers
   */
  public record Sent(
      @JsonUnwrapped Coding coding,
      @JsonProperty("frames") int frames,
      @JsonProperty("positions") int positions,
      @JsonProperty("frame_bytes_up") long frameBytes,
      @JsonProperty("bytes_up") long messageBytes) {}

  /**
   * How hidden states were coded.
   *
   * @param codec its name
   * @param reason why it was this one
   * @param constantSize whether the length of a frame says how many positions it has, and nothing
   *     more
   * @param bitsPerElement bits of the frames, with their headers, per element of the boundary
   *     tensor
   * @param measured what was lost; null where the prompt was not sent whole
   */
  public record Coding(
      @JsonProperty("codec") String codec,
      @JsonProperty("codec_reason") String reason,
      @JsonProperty("constant_size_frames") boolean constantSize,
      @JsonProperty("bits_per_element") double bitsPerElement,
      @JsonUnwrapped @Nullable Measured measured) {

    /** Bits per element above the bound; null without one. */
    @JsonProperty("gap_bits_per_element")
    public @Nullable Double gap() {
      return measured == null || measured.bound() == null
          ? null
          : (Double) (Math.rint(1000 * (bitsPerElement - measured.bound())) / 1000);
    }
  }

  /**
   * What the frames that were sent give back when they are decoded, against the states they were
   * made from; see {@link dev.cleave.codec.Certificate}.
   *
   * @param exact whether every value comes back as it was
   * @param distortionDb mean squared error over the channel's variance, in dB; null where there was
   *     none to speak of
   * @param weightedDistortionDb the same in the profile's own coordinates, where these are weighted
   *     by what matters to the answer; else null
   * @param bound the fewest bits per element that any code of a Gaussian source with the profile's
   *     variances needs at that distortion; null without distortion
   * @param millis how long measuring took, after the prompt was sent
   */
  public record Measured(
      @JsonProperty("exact") boolean exact,
      @JsonProperty("distortion_db") @Nullable Double distortionDb,
      @JsonProperty("weighted_distortion_db") @Nullable Double weightedDistortionDb,
      @JsonProperty("bound_bits_per_element") @Nullable Double bound,
      @JsonProperty("certificate_millis") double millis) {}

  /**
   * What came back.
   *
   * @param tokens tokens of the answer that were received
   * @param messageBytes bytes of all gRPC messages received; without HTTP/2 and TCP headers
   * @param finishReason why the answer ended
   * @param seed the seed of the draws; null where chance played no part
   */
  public record Received(
      @JsonProperty("tokens") int tokens,
      @JsonProperty("bytes_down") long messageBytes,
      @JsonProperty("finish_reason") FinishReason finishReason,
      @JsonProperty("seed") @Nullable Long seed) {}

  /**
   * What servers that were lost have cost.
   *
   * @param reopened times that the session was opened again
   * @param bytesAgain bytes of gRPC messages that were sent before, and count in those of all
   */
  public record Recovered(
      @JsonProperty("reopened") int reopened, @JsonProperty("bytes_sent_again") long bytesAgain) {}

  /**
   * How long it took.
   *
   * @param encodeMillis computing the prompt on this device
   * @param firstTokenMillis from the call to the first token; 0 where none came
   * @param totalMillis from the call to the end
   * @param tokensPerSecond tokens after the first by the time since the first; 0 where there are
   *     none
   */
  public record Timing(
      @JsonProperty("encode_millis") double encodeMillis,
      @JsonProperty("first_token_millis") double firstTokenMillis,
      @JsonProperty("total_millis") double totalMillis,
      @JsonProperty("tokens_per_second") double tokensPerSecond) {}

  /**
   * How the answer of a model came about whose device half takes part in each step.
   *
   * @param roundTrips times that the server was waited for
   * @param draftsSent drafts that were sent to be verified
   * @param draftsAccepted those of them that stood
   * @param bytesUpPerToken bytes of gRPC messages sent for each token after the first; 0 without
   * @param bytesDownPerToken bytes received for each, likewise
   * @param measuredPositions hidden states that the certificate speaks of
   * @param note what else there is to say of the end; null where there is nothing
   */
  public record Steps(
      @JsonProperty("round_trips") int roundTrips,
      @JsonProperty("drafts_sent") int draftsSent,
      @JsonProperty("drafts_accepted") int draftsAccepted,
      @JsonProperty("bytes_up_per_token") double bytesUpPerToken,
      @JsonProperty("bytes_down_per_token") double bytesDownPerToken,
      @JsonProperty("certificate_positions") long measuredPositions,
      @JsonProperty("note") @Nullable String note) {}
}
