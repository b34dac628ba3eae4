package dev.cleave.split.bundle;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code bundle.json}: what was split, where, and the hash of every file of both halves.
 *
 * @param id over everything else in here
 * @param model name and architecture
 * @param boundary the tensor that crosses
 * @param limits what the two halves were made for
 * @param files of both halves, sorted by path
 */
public record BundleManifest(
    BundleId id, Model model, Boundary boundary, Limits limits, List<BundleFile> files) {
  /** The only format there is. */
  public static final int FORMAT = 1;

  /**
   * What was split.
   *
   * @param name for people; letters, digits, dot, dash, underscore
   * @param architecture the family: t5, mt5, bart, marian, llama, mistral, qwen2, qwen3, gpt2
   * @param parameters numbers per half
   * @param createdBy the program that wrote it
   * @param notes what the checkpoint asks for in generation and is not done, and what else a person
   *     should know of the split
   */
  public record Model(
      String name,
      String architecture,
      Parameters parameters,
      String createdBy,
      List<String> notes) {
    public Model {
      if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,127}")) {
        throw new IllegalArgumentException(
            "a bundle's name must be 1 to 128 of letters, digits, '.', '-', '_': " + name);
      }
      Objects.requireNonNull(architecture, "architecture");
      Objects.requireNonNull(parameters, "parameters");
      Objects.requireNonNull(createdBy, "createdBy");
      notes = List.copyOf(notes);
    }
  }

  /**
   * Numbers held by each half; a table that both need counts in both.
   *
   * @param device in its weights, whatever they are stored as
   * @param server in decoder.safetensors or upper.safetensors
   */
  public record Parameters(long device, long server) {
    public Parameters {
      if (device < 1 || server < 1) {
        throw new IllegalArgumentException(
            "both halves must have parameters: " + device + " and " + server);
      }
    }
  }

  /**
   * The boundary tensor: {@code [positions, width]} of f32 before any codec.
   *
   * @param split where it lies
   * @param width elements per position
   * @param codec what calibration found out about coding it; null where there was none
   */
  public record Boundary(SplitPoint split, int width, @Nullable CodecSection codec) {
    public Boundary {
      Objects.requireNonNull(split, "split");
      atLeastOne("boundary width", width);
    }

    /** Of a bundle that is not calibrated. */
    public Boundary(SplitPoint split, int width) {
      this(split, width, null);
    }

    /** The same tensor, with what calibration found out. */
    public Boundary withCodec(CodecSection newCodec) {
      return new Boundary(split, width, newCodec);
    }

    /** The only element type. */
    public String dtype() {
      return "f32";
    }
  }

  /**
   * What the halves were made for.
   *
   * @param maxPromptPositions longest prompt in tokens; where the model is causal, the longest
   *     context: prompts and answers of all turns together
   * @param maxNewTokens longest answer in tokens
   */
  public record Limits(int maxPromptPositions, int maxNewTokens) {
    public Limits {
      atLeastOne("maxPromptPositions", maxPromptPositions);
      atLeastOne("maxNewTokens", maxNewTokens);
    }
  }

  public BundleManifest {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(boundary, "boundary");
    Objects.requireNonNull(limits, "limits");
    files = List.copyOf(files);
    for (int i = 1; i < files.size(); i++) {
      if (files.get(i - 1).path().compareTo(files.get(i).path()) >= 0) {
        throw new IllegalArgumentException(
            "files must be sorted and named once: " + files.get(i).path());
      }
    }
    CodecSection codec = boundary.codec();
    if (codec != null) {
      codec.requireIn(files);
    }
  }

  /** The model's name. */
  public String name() {
    return model.name();
  }

  /** The model's family. */
  public String architecture() {
    return model.architecture();
  }

  /** Where the model was cut. */
  public SplitPoint split() {
    return boundary.split();
  }

  /** Elements per position of the boundary tensor. */
  public int width() {
    return boundary.width();
  }

  /** What calibration found out about coding the boundary tensor; empty where there was none. */
  public Optional<CodecSection> codec() {
    return Optional.ofNullable(boundary.codec());
  }

  /** The files of one half, sorted by path. */
  public List<BundleFile> files(Half half) {
    return files.stream().filter(file -> file.half() == half).toList();
  }

  /** Whether one half has a file of this name. */
  public boolean has(Half half, String name) {
    return files(half).stream().anyMatch(file -> file.name().equals(name));
  }

  /** Bytes of one half's files. */
  public long bytes(Half half) {
    return files(half).stream().mapToLong(BundleFile::bytes).sum();
  }

  private static void atLeastOne(String name, int value) {
    if (value < 1 || value > 1 << 24) {
      throw new IllegalArgumentException(name + " must be in [1, " + (1 << 24) + "]: " + value);
    }
  }
}
