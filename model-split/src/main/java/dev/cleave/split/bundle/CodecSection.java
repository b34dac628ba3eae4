package dev.cleave.split.bundle;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What calibration found out about coding this bundle's boundary tensor. Immutable.
 *
 * @param profileHash names the profile in frames and on the wire: 32 digits of lower-case hex
 * @param profileFile the file with the profile's bytes, the same in both halves
 * @param presets what was chosen; in the order of {@link #PRESETS}, at least one
 * @param calibration on what
 */
public record CodecSection(
    String profileHash, String profileFile, List<Preset> presets, Calibration calibration) {
  /** The names that presets may have, from the most bytes to the fewest. */
  public static final List<String> PRESETS = List.of("transparent", "balanced", "small");

  /** The names that modes may have. */
  public static final Set<String> MODES = Set.of("rate", "rate_trellis");

  private static final String FILE = "codec-[0-9a-f]{16}\\.profile";

  /** Checks names, hash and order. */
  public CodecSection {
    require(profileHash.matches("[0-9a-f]{32}"), "profileHash must be 32 digits of hex");
    require(!profileHash.matches("0+"), "profileHash must name a profile, all zero names none");
    require(isProfileFile(profileFile), "profileFile must be codec-, 16 digits of hex, .profile");
    presets = List.copyOf(presets);
    require(!presets.isEmpty(), "presets must not be empty");
    for (int i = 1; i < presets.size(); i++) {
      int before = PRESETS.indexOf(presets.get(i - 1).name());
      require(
          before < PRESETS.indexOf(presets.get(i).name()),
          "presets must be named once and stand in the order " + PRESETS);
    }
  }

  /**
   * One choice of mode and size, with its effect on held-out text.
   *
   * @param name one of {@link #PRESETS}
   * @param mode one of {@link #MODES}
   * @param bytesPerPosition payload bytes of one position, constant
   * @param bitsPerElement the same per element of the boundary tensor, headers apart
   * @param effect what it does to the answers
   */
  public record Preset(
      String name, String mode, int bytesPerPosition, double bitsPerElement, Effect effect) {
    public Preset {
      require(PRESETS.contains(name), "a preset's name must be one of " + PRESETS + ": " + name);
      require(MODES.contains(mode), "a preset's mode must be one of rate, rate_trellis: " + mode);
      require(
          bytesPerPosition >= 1 && bytesPerPosition <= 1 << 24,
          "bytesPerPosition must be in [1, 2^24]: " + bytesPerPosition);
      require(
          bitsPerElement > 0 && bitsPerElement <= 64,
          "bitsPerElement must be above 0 and at most 64: " + bitsPerElement);
    }
  }

  /**
   * What a codec does to the answers, against none, on held-out text.
   *
   * @param kl mean Kullback-Leibler divergence of the next token's distribution, in nats
   * @param agreement share of positions whose likeliest token stays, 0 to 1
   * @param fields for a model that has right answers; else null
   */
  public record Effect(double kl, double agreement, @Nullable FieldAccuracy fields) {
    public Effect {
      require(kl >= 0 && kl < Double.POSITIVE_INFINITY, "kl must be at least 0: " + kl);
      requireShare("agreement", agreement);
    }
  }

  /**
   * Shares of the answers' fields that are exactly right, 0 to 1.
   *
   * @param accuracy with the codec
   * @param raw without any
   */
  public record FieldAccuracy(double accuracy, double raw) {
    public FieldAccuracy {
      requireShare("fieldAccuracy", accuracy);
      requireShare("rawFieldAccuracy", raw);
    }
  }

  /**
   * On what the profile was fitted and judged.
   *
   * @param tokens positions that it was fitted on
   * @param heldOutTokens other positions, on which presets were judged
   * @param basis of the profile's coordinates, such as {@code diagonal} or {@code fisher-klt}
   * @param heldOutGainBits bits per element that the basis saves against the diagonal one, on the
   *     held-out text
   * @param textSha256 of the calibration text
   */
  public record Calibration(
      long tokens, long heldOutTokens, String basis, double heldOutGainBits, String textSha256) {
    public Calibration {
      require(tokens >= 1, "tokens must be at least 1: " + tokens);
      require(heldOutTokens >= 0, "heldOutTokens must not be negative: " + heldOutTokens);
      require(basis.matches("[a-z][a-z0-9-]{0,31}"), "basis must be 1 to 32 of a-z, 0-9, '-'");
      require(Double.isFinite(heldOutGainBits), "heldOutGainBits must be a finite number");
      require(textSha256.matches("[0-9a-f]{64}"), "textSha256 must be 64 digits of hex");
    }
  }

  /**
   * A section for a profile that is not in a bundle yet; {@link CodecWriter} puts it there.
   *
   * @param profile the profile's bytes
   */
  public static CodecSection of(
      byte[] profile, String profileHash, List<Preset> presets, Calibration calibration) {
    return new CodecSection(profileHash, profileFileOf(profile), presets, calibration);
  }

  /** The preset of this name, or empty where calibration chose none. */
  public Optional<Preset> preset(String name) {
    return presets.stream().filter(preset -> preset.name().equals(name)).findFirst();
  }

  /** The name under which these bytes lie in both halves: another content, another name. */
  static String profileFileOf(byte[] profile) {
    return "codec-" + Sha256.hex(profile).substring(0, 16) + ".profile";
  }

  static boolean isProfileFile(String name) {
    return name.matches(FILE);
  }

  /** Both halves must name the file, with the same content. */
  void requireIn(List<BundleFile> files) {
    Set<String> hashes = new HashSet<>();
    for (Half half : Half.values()) {
      String path = half.folder() + "/" + profileFile;
      BundleFile file =
          files.stream()
              .filter(it -> it.path().equals(path))
              .findFirst()
              .orElseThrow(() -> new IllegalArgumentException("files must name " + path));
      hashes.add(file.sha256());
    }
    require(hashes.size() == 1, "both halves must hold the same profile");
  }

  private static void requireShare(String name, double value) {
    require(value >= 0 && value <= 1, name + " must be from 0 to 1: " + value);
  }

  private static void require(boolean holds, String rule) {
    if (!holds) {
      throw new IllegalArgumentException(rule);
    }
  }
}
