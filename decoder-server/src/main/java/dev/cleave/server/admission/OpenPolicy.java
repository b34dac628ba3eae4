package dev.cleave.server.admission;

import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.StreamSpec;
import dev.cleave.server.sampling.Sampling;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.tenant.Tenancy;
import dev.cleave.server.tenant.TenantLimits;
import dev.cleave.v1.Open;
import dev.cleave.wire.WireCodec;
import dev.cleave.wire.WireReason;
import java.util.HexFormat;

/** Decides, before anything is allocated, whether an Open can be served. Immutable. */
public record OpenPolicy(ServedModel model, int width, SessionLimits limits, FrameLimits frames) {

  /**
   * What a valid Open asks for, whichever kind of model it is for.
   *
   * @param codec how its frames are coded
   * @param promptPositions the most positions its frames carry, within the limits
   */
  public record Accepted(
      StreamSpec codec, int promptPositions, Sampling sampling, boolean wantLogits) {}

  /**
   * Checks what does not depend on the kind of the model.
   *
   * @param tenancy on whose behalf it comes
   * @throws Refused when this server, or any, cannot serve it
   */
  public Accepted check(Open open, Tenancy tenancy) {
    checkBundle(open);
    if (open.getAttempt() != 0 && open.getSessionHigh() == 0 && open.getSessionLow() == 0) {
      throw invalid(
          "attempt",
          "attempt is %s and the session has no name: draw one, it is what is opened again"
              .formatted(Integer.toUnsignedString(open.getAttempt())));
    }
    StreamSpec spec = CodecPolicy.check(WireCodec.of(open), width, model.codec().hash());
    if (frames.positionsPerFrame(spec) < 1) {
      throw new Refused(
          WireReason.CODEC_UNSUPPORTED,
          "not one position of %s fits a frame here: choose another codec".formatted(spec));
    }
    int promptPositions =
        checkCount("prompt_positions", open.getPromptPositions(), limits.maxPromptPositions());
    TenantLimits.Sizes sizes = tenancy.limits().sizes();
    checkSize("prompt_positions", promptPositions, sizes.promptPositions());
    checkSize("max_new_tokens", open.getMaxNewTokens(), sizes.newTokens());
    if (open.getWantLogits() && !limits.allowLogits()) {
      throw new Refused(
          WireReason.LOGITS_REFUSED,
          "this server returns no logits: start it with --allow-logits, or do not ask for them");
    }
    return new Accepted(spec, promptPositions, sampling(open), open.getWantLogits());
  }

  /**
   * The most tokens of the answer of an encoder-decoder model.
   *
   * @throws Refused when there are none, too many, or steps are asked for as well
   */
  public int newTokens(Open open) {
    requireZero(
        "step_positions", open.getStepPositions(), "this model decodes alone and takes no steps");
    return checkCount("max_new_tokens", open.getMaxNewTokens(), limits.maxNewTokens());
  }

  /**
   * The most positions of one step of a causal model.
   *
   * @param most that this server takes
   * @throws Refused when there are none, too many, or the server is to count tokens
   */
  public int stepPositions(Open open, int most) {
    requireZero(
        "max_new_tokens",
        open.getMaxNewTokens(),
        "this model decodes in steps and the device counts the tokens");
    return checkCount("step_positions", open.getStepPositions(), most);
  }

  private void checkBundle(Open open) {
    if (open.getBundleId().size() != ServedModel.BUNDLE_ID_BYTES) {
      throw invalid("bundle_id", "bundle_id must have 32 bytes, has " + open.getBundleId().size());
    }
    if (!open.getBundleId().equals(model.bundleIdBytes())) {
      String requested = HexFormat.of().formatHex(open.getBundleId().toByteArray());
      throw new Refused(
              WireReason.BUNDLE_MISMATCH,
              "this server serves bundle %s, not %s: use the device half of the same split"
                  .formatted(model.bundleId(), requested))
          .with("served", model.bundleId())
          .with("requested", requested);
    }
  }

  private static void requireZero(String field, int value, String why) {
    if (value != 0) {
      throw invalid(
          field, "%s must be 0, got %s: %s".formatted(field, Integer.toUnsignedString(value), why));
    }
  }

  private static int checkCount(String field, int unsigned, int limit) {
    long value = Integer.toUnsignedLong(unsigned);
    if (value == 0) {
      throw invalid(field, field + " must be at least 1");
    }
    if (value > limit) {
      throw new Refused(
              WireReason.LIMIT_EXCEEDED,
              "%s is %d, this server allows %d".formatted(field, value, limit))
          .with("field", field)
          .with("limit", limit);
    }
    return unsigned;
  }

  private static void checkSize(String field, int value, int limit) {
    if (value > limit) {
      throw new Refused(
              WireReason.LIMIT_EXCEEDED,
              "%s is %d, this tenant is allowed %d".formatted(field, value, limit))
          .with("field", field)
          .with("limit", limit);
    }
  }

  private static Sampling sampling(Open open) {
    var wanted = open.getSampling();
    // Beyond 2^31 no vocabulary reaches: the same as keeping all.
    int topK = wanted.getTopK() < 0 ? 0 : wanted.getTopK();
    try {
      return new Sampling(wanted.getTemperature(), topK, wanted.getTopP(), wanted.getSeed());
    } catch (IllegalArgumentException e) {
      throw invalid("sampling", "sampling: " + e.getMessage());
    }
  }

  private static Refused invalid(String field, String message) {
    return new Refused(WireReason.MALFORMED_MESSAGE, message).with("field", field);
  }
}
