package dev.cleave.split.family;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.RopeScaling;
import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.error.CheckpointRefused;
import java.util.Optional;
import java.util.Set;

/**
 * Reads rotary positions: {@code rope_parameters} of transformers 5, or {@code rope_theta} and
 * {@code rope_scaling} of transformers 4.
 */
final class RopeReader {
  /** What all releases take where a config is silent. */
  private static final double THETA = 10_000;

  private static final Set<String> COMMON =
      Set.of("rope_type", "type", "rope_theta", "partial_rotary_factor");

  private RopeReader() {}

  static AttentionSpec.Rope read(ModelConfig config, int headDim) {
    Optional<ModelConfig> five = config.section("rope_parameters");
    Optional<ModelConfig> four = config.section("rope_scaling");
    if (five.isPresent() && four.isPresent()) {
      throw new CheckpointRefused(
          config.subject("rope_scaling"),
          "stands beside rope_parameters: releases of transformers disagree on which is used");
    }
    ModelConfig section = five.or(() -> four).orElse(null);
    requireWhole(config);
    if (section == null) {
      return new AttentionSpec.Rope(config.number("rope_theta", THETA), headDim);
    }
    requireWhole(section);
    double theta = section.number("rope_theta", config.number("rope_theta", THETA));
    if (config.number("rope_theta", theta) != theta) {
      throw new CheckpointRefused(
          config.subject("rope_theta"),
          config.number("rope_theta", theta) + " contradicts " + section.subject("rope_theta"));
    }
    return new AttentionSpec.Rope(theta, headDim, scaling(section));
  }

  private static RopeScaling scaling(ModelConfig section) {
    String type = section.text("rope_type").or(() -> section.text("type")).orElse("default");
    return switch (type) {
      case "default" -> {
        allow(section, Set.of());
        yield new RopeScaling.None();
      }
      case "linear" -> {
        allow(section, Set.of("factor"));
        yield new RopeScaling.Linear(required(section, "factor"));
      }
      case "llama3" -> {
        allow(
            section,
            Set.of(
                "factor",
                "low_freq_factor",
                "high_freq_factor",
                "original_max_position_embeddings"));
        yield new RopeScaling.Llama3(
            required(section, "factor"),
            required(section, "low_freq_factor"),
            required(section, "high_freq_factor"),
            section.size("original_max_position_embeddings"));
      }
      default ->
          throw new CheckpointRefused(
              section.subject("rope_type"),
              type
                  + ": rotary positions of this type are not described; known: default, linear,"
                  + " llama3");
    };
  }

  /** No family here rotates a part of each head; the reference fails on such a config as well. */
  private static void requireWhole(ModelConfig section) {
    double part = section.number("partial_rotary_factor", 1);
    if (part != 1) {
      throw new CheckpointRefused(
          section.subject("partial_rotary_factor"),
          part + ": heads that are rotated in part are not described");
    }
  }

  private static double required(ModelConfig section, String key) {
    if (!section.has(key)) {
      throw new CheckpointRefused(section.subject(key), "missing");
    }
    return section.number(key, 1);
  }

  private static void allow(ModelConfig section, Set<String> keys) {
    for (String key : section.keys()) {
      if (section.has(key) && !COMMON.contains(key) && !keys.contains(key)) {
        throw new CheckpointRefused(
            section.subject(key),
            section.json(key).orElse("") + ": this of rotary positions is not described");
      }
    }
  }
}
