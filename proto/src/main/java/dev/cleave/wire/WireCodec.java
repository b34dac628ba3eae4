package dev.cleave.wire;

import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.codec.rate.RateTarget;
import dev.cleave.v1.Open;
import dev.cleave.v1.Opened;

/**
 * How frames are coded, as Open asks for it and Opened repeats it: numbers only, and not yet looked
 * at. Immutable.
 *
 * @param mode the number of a {@code CodecMode}, known here or not
 * @param targetKind the kind of a {@link RateTarget}, 0 for none
 * @param targetNumber that goes with the kind, 0 for none; unsigned
 * @param profile the one that the frames use, or {@link ProfileHash#NONE}
 */
public record WireCodec(int mode, int targetKind, int targetNumber, ProfileHash profile) {

  /** What the frames of this stream are. */
  public static WireCodec of(StreamSpec spec) {
    RateTarget target = spec.target();
    return new WireCodec(
        spec.mode().wireNumber(),
        target == null ? 0 : target.kind(),
        target == null ? 0 : target.number(),
        spec.profile());
  }

  /** What a device asks for. */
  public static WireCodec of(Open open) {
    return new WireCodec(
        open.getCodecValue(),
        open.getTargetKind(),
        open.getTargetNumber(),
        new ProfileHash(open.getProfileHashHigh(), open.getProfileHashLow()));
  }

  /** What a server accepted. */
  public static WireCodec of(Opened opened) {
    return new WireCodec(
        opened.getCodecValue(),
        opened.getTargetKind(),
        opened.getTargetNumber(),
        new ProfileHash(opened.getProfileHashHigh(), opened.getProfileHashLow()));
  }

  /** Asks for this. */
  public Open.Builder putInto(Open.Builder open) {
    return open.setCodecValue(mode)
        .setTargetKind(targetKind)
        .setTargetNumber(targetNumber)
        .setProfileHashHigh(profile.high())
        .setProfileHashLow(profile.low());
  }

  /** Repeats this. */
  public Opened.Builder putInto(Opened.Builder opened) {
    return opened
        .setCodecValue(mode)
        .setTargetKind(targetKind)
        .setTargetNumber(targetNumber)
        .setProfileHashHigh(profile.high())
        .setProfileHashLow(profile.low());
  }

  /** For messages: numbers and a hash. */
  @Override
  public String toString() {
    return "codec %s target %s/%s profile %s"
        .formatted(
            mode,
            Integer.toUnsignedString(targetKind),
            Integer.toUnsignedString(targetNumber),
            profile.isNone() ? "none" : profile);
  }
}
