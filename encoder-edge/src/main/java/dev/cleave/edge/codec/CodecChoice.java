package dev.cleave.edge.codec;

import dev.cleave.codec.CodecMode;
import dev.cleave.split.bundle.CodecSection;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a caller wants hidden states coded, whatever the bundle. What it means for one bundle is
 * decided when a generation begins, and said in its receipt. Immutable.
 */
public sealed interface CodecChoice {
  /** The most bits per element that {@link Rate} takes. */
  double MAX_BITS = 32;

  /** The bundle's {@code balanced} preset where it is calibrated, else int8. */
  record BundleDefault() implements CodecChoice {}

  /**
   * This mode, with the bundle's profile where the mode and the bundle have one.
   *
   * @param mode one without a target
   */
  record Fixed(CodecMode mode) implements CodecChoice {
    /** Refuses modes with a target, which {@link Rate} is for. */
    public Fixed {
      if (mode.hasTarget()) {
        throw new IllegalArgumentException(
            mode + " needs a rate: choose rate:BITS, for instance rate:2.5");
      }
    }
  }

  /**
   * What calibration chose under this name; a bundle that is not calibrated has none.
   *
   * @param name transparent, balanced or small
   */
  record Preset(String name) implements CodecChoice {
    public Preset {
      if (!CodecSection.PRESETS.contains(name)) {
        throw new IllegalArgumentException(
            "a preset is one of %s, got '%s'".formatted(CodecSection.PRESETS, name));
      }
    }
  }

  /**
   * Constant bytes per position, the nearest to so many bits per element of the boundary tensor.
   *
   * @param bits above 0, at most {@link #MAX_BITS}
   * @param trellis the slower quantiser, which loses less
   */
  record Rate(double bits, boolean trellis) implements CodecChoice {
    public Rate {
      if (!(bits > 0 && bits <= MAX_BITS)) {
        throw new IllegalArgumentException(
            "bits per element must be above 0 and at most 32, got " + bits);
      }
    }
  }

  /** The bundle's {@code balanced} preset where it is calibrated, else int8. */
  static CodecChoice byDefault() {
    return new BundleDefault();
  }

  /** A choice of mode alone. */
  static CodecChoice of(CodecMode mode) {
    return new Fixed(mode);
  }

  /**
   * Reads what people write; {@link #names} lists it.
   *
   * @throws IllegalArgumentException saying what there is
   */
  static CodecChoice parse(String text) {
    if (text.equals("default")) {
      return byDefault();
    }
    if (CodecSection.PRESETS.contains(text)) {
      return new Preset(text);
    }
    Matcher rate = Pattern.compile("rate(-trellis)?:([0-9]{1,2}(?:\\.[0-9]{1,6})?)").matcher(text);
    if (rate.matches()) {
      return new Rate(Double.parseDouble(rate.group(2)), rate.group(1) != null);
    }
    return CodecNames.parse(text)
        .map(CodecChoice::of)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "'%s' is not one of %s".formatted(text, String.join(", ", names()))));
  }

  /** All that {@link #parse} reads, with BITS for a number. */
  static List<String> names() {
    List<String> names = new ArrayList<>(List.of("default"));
    CodecNames.withoutTarget().forEach(mode -> names.add(CodecNames.nameOf(mode)));
    names.addAll(CodecSection.PRESETS);
    CodecNames.withTarget().forEach(mode -> names.add(CodecNames.nameOf(mode) + ":BITS"));
    return names;
  }

  /** As {@link #parse} reads it. */
  default String text() {
    return switch (this) {
      case BundleDefault _ -> "default";
      case Fixed it -> CodecNames.nameOf(it.mode());
      case Preset it -> it.name();
      case Rate it ->
          String.format(
              Locale.ROOT, it.trellis() ? "rate-trellis:%s" : "rate:%s", plain(it.bits()));
    };
  }

  private static String plain(double bits) {
    return bits == Math.rint(bits) ? Long.toString((long) bits) : Double.toString(bits);
  }
}
