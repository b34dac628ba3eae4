package dev.cleave.split.checkpoint.gguf;

import dev.cleave.split.checkpoint.Checkpoint;
import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.checkpoint.gguf.format.GgufFile;
import dev.cleave.split.checkpoint.gguf.format.GgufTensor;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedCheckpoint;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF file as a Hugging Face checkpoint: names, shapes, layouts and keys are translated back,
 * quantised tensors come out as f32.
 *
 * <p>A tensor that lies in the file as Hugging Face has it is the mapped file itself; every other
 * one is written to a temporary file when it is first asked for. The heap holds the metadata.
 * Confined to the thread that opened it.
 */
public final class GgufCheckpoint implements Checkpoint {
  private static final long MAX_TOKENIZER_BYTES = 64 << 20;
  private static final int MAX_NAME_LENGTH = 128;

  private final Arena arena;
  private final GgufFile file;
  private final GgufConfig described;
  private final ModelConfig config;
  private @Nullable Weights weights;

  /** Takes over the arena, which the file is mapped into; closed with this. */
  GgufCheckpoint(Arena arena, GgufFile file) {
    this.arena = arena;
    this.file = file;
    this.described = GgufConfig.of(file);
    this.config = described.config();
  }

  /**
   * Maps a file, checks all of its tables and understands its metadata.
   *
   * @throws MalformedCheckpoint when it is no GGUF file, damaged or lies about its content
   * @throws CheckpointRefused when it asks for something that is not read: another architecture,
   *     element type or hyperparameter
   */
  public static GgufCheckpoint open(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new MalformedCheckpoint(path.toString(), "is no file; name a GGUF file");
    }
    Arena arena = Arena.ofConfined();
    try {
      return new GgufCheckpoint(arena, GgufFile.map(path, arena));
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** {@code general.name}, or the file's without its ending, in the alphabet of bundle names. */
  @Override
  public String name() {
    String fileName = file.metadata().file().replaceFirst("\\.gguf$", "");
    return file.metadata()
        .text("general.name")
        .map(GgufCheckpoint::reduced)
        .filter(name -> !name.isEmpty())
        .or(() -> Optional.of(reduced(fileName)).filter(name -> !name.isEmpty()))
        .orElse("model");
  }

  private static String reduced(String name) {
    String allowed =
        name.strip().replaceAll("[^A-Za-z0-9._-]+", "-").replaceFirst("^[^A-Za-z0-9]+", "");
    return allowed.substring(0, Math.min(allowed.length(), MAX_NAME_LENGTH));
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  /** Never there: what a GGUF file says of generation stands in its config. */
  @Override
  public Optional<ModelConfig> generation() {
    return Optional.empty();
  }

  @Override
  public Weights weights() {
    if (weights == null) {
      Scratch scratch = new Scratch();
      List<GgufSource> sources = new ArrayList<>();
      for (GgufTensor tensor : file.tensors().values()) {
        if (!tensor.name().equals(RopeFactors.TENSOR)) {
          HfTensor target =
              HfTensor.of(
                  described.architecture(), tensor.name(), described.heads(), described.kvHeads());
          sources.add(new GgufSource(file, tensor, target, scratch));
        }
      }
      weights = Weights.of(sources, scratch::close);
    }
    return weights;
  }

  /**
   * Made of the file's vocabulary; where that is of a kind that is not read, the {@code
   * tokenizer.json} that lies beside the file.
   */
  @Override
  public byte[] tokenizer() {
    Path beside = file.path().resolveSibling("tokenizer.json");
    try {
      return TokenizerJson.of(file.metadata());
    } catch (CheckpointRefused e) {
      if (!Files.isRegularFile(beside)) {
        throw e;
      }
    }
    try {
      long size = Files.size(beside);
      if (size > MAX_TOKENIZER_BYTES) {
        throw new MalformedCheckpoint(
            beside.toString(), "has " + size + " bytes, more than " + MAX_TOKENIZER_BYTES);
      }
      return Files.readAllBytes(beside);
    } catch (IOException e) {
      throw new MalformedCheckpoint(beside.toString(), "cannot be read: " + e, e);
    }
  }

  @Override
  public Optional<ChatTemplate> chatTemplate() {
    return file.metadata()
        .text("tokenizer.chat_template")
        .map(jinja -> {
          List<String> tokens = file.metadata().texts(TokenizerJson.TOKENS);
          return new ChatTemplate(jinja, token(tokens, "bos"), token(tokens, "eos"));
        });
  }

  private String token(List<String> tokens, String which) {
    OptionalInt id = file.metadata().integer("tokenizer.ggml." + which + "_token_id");
    // A file without a vocabulary is no reason to refuse its template.
    return id.isPresent() && id.getAsInt() >= 0 && id.getAsInt() < tokens.size()
        ? tokens.get(id.getAsInt())
        : "";
  }

  /** Never there. */
  @Override
  public Optional<byte[]> calibration() {
    return Optional.empty();
  }

  @Override
  public void close() {
    if (weights != null) {
      weights.close();
    }
    arena.close();
  }
}
