package dev.cleave.server.engine;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.DecoderJson;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.torch.ForcedEmitter;
import dev.cleave.split.torch.ForcedScript;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;

/**
 * The decoder half made to read whole answers: the logits behind every token of an answer at once,
 * and the gradient of the answer's probability by the boundary tensor. For calibration and
 * research; it holds the weights as plain f32, keeps no KV, and always runs on the CPU.
 *
 * <p>Confined to one thread at a time. Its own memory grows to the largest batch. Closing frees all
 * of it.
 */
public final class ForcedDecoder implements AutoCloseable {
  private final TorchProgram program;
  private final DecoderSpec spec;
  private final int maxTokens;
  private final ForcedMemory memory = new ForcedMemory();
  private boolean closed;

  private ForcedDecoder(TorchProgram program, DecoderSpec spec, int maxTokens) {
    this.program = program;
    this.spec = spec;
    this.maxTokens = maxTokens;
  }

  /**
   * Opens the server half of a bundle.
   *
   * @param threads that one computation is spread over
   * @throws EngineException when the weights are not those that {@code decoder.json} calls for
   */
  public static ForcedDecoder open(Bundle serverHalf, int threads) {
    return open(
        DecoderJson.read(serverHalf.file("decoder.json")),
        serverHalf.file("decoder.safetensors"),
        serverHalf.manifest().limits().maxNewTokens(),
        threads);
  }

  /**
   * As {@link #open(Bundle, int)}, from a description and the safetensors file with exactly its
   * tensors.
   *
   * @param maxTokens the most inputs of a row
   */
  public static ForcedDecoder open(DecoderSpec spec, Path weightsFile, int maxTokens, int threads) {
    ForcedScript script;
    try {
      script = ForcedEmitter.emit(spec, maxTokens);
    } catch (SplitException | IllegalArgumentException e) {
      throw new EngineException(
          "open engine", spec.architecture(), String.valueOf(e.getMessage()), e);
    }
    TorchProgram program = TorchProgram.load(script.archive(), threads);
    boolean opened = false;
    try (Weights weights = Weights.openFile(weightsFile)) {
      WeightPacker.check(
          weights,
          CanonicalTensors.ofDecoder(spec.stack(), spec.head()),
          weightsFile,
          "decoder.json");
      WeightPacker.pack(program, script.weights(), weights, weightsFile);
      opened = true;
      return new ForcedDecoder(program, spec, maxTokens);
    } catch (SplitException e) {
      throw new EngineException("open engine", weightsFile.toString(), e.detail(), e);
    } finally {
      if (!opened) {
        program.close();
      }
    }
  }

  /** What the decoder is, and the ids that steer it. */
  public DecoderSpec spec() {
    return spec;
  }

  /** The most inputs of a row. */
  public int maxTokens() {
    return maxTokens;
  }

  /**
   * The logits behind every input of every row.
   *
   * @return f32 {@code [rows, tokens, vocabulary]} from index 0, borrowed until the next call; what
   *     stands behind the inputs of a shorter row means nothing
   */
  public FloatBuffer logits(ForcedBatch batch) {
    require(batch);
    int vocabulary = spec.head().vocabulary();
    memory.fill(batch, spec.stack().width());
    ByteBuffer out = memory.out((long) batch.rows() * batch.tokens() * vocabulary);
    try (Tensors tensors = new Tensors(batch)) {
      tensors.run(tensors.floats(out, batch.rows(), batch.tokens(), vocabulary));
    }
    return out.asFloatBuffer();
  }

  /**
   * The gradient by the boundary tensor of the sum over a row's targets of the logarithm of their
   * probability.
   *
   * @return f32 {@code [rows, positions, width]} from index 0, borrowed until the next call; 0
   *     behind the positions of a shorter row
   */
  public FloatBuffer gradient(ForcedBatch batch) {
    require(batch);
    int width = spec.stack().width();
    memory.fill(batch, width);
    ByteBuffer out = memory.out((long) batch.rows() * batch.positions() * width);
    try (Tensors tensors = new Tensors(batch)) {
      tensors.differentiate(tensors.floats(out, batch.rows(), batch.positions(), width));
    }
    return out.asFloatBuffer();
  }

  /** The logits behind every input of one row, f32 {@code [inputs, vocabulary]}. */
  public float[] logits(FloatBuffer hidden, int positions, int[] inputs) {
    return copy(logits(new ForcedBatch().add(hidden, positions, inputs)));
  }

  /**
   * The gradient by the boundary tensor of the logarithm of an answer's probability, f32 {@code
   * [positions, width]}.
   *
   * @param answer what follows the start token
   */
  public float[] gradient(FloatBuffer hidden, int positions, int[] answer) {
    return copy(gradient(new ForcedBatch().add(hidden, positions, inputs(answer), answer)));
  }

  /** What the decoder is fed to say this answer: the start token, and all of it but the last. */
  public int[] inputs(int[] answer) {
    int[] inputs = new int[answer.length];
    inputs[0] = spec.decoding().startTokenId();
    System.arraycopy(answer, 0, inputs, 1, answer.length - 1);
    return inputs;
  }

  /** Frees all memory. Idempotent; nothing else may be called afterwards. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      program.close();
      memory.close();
    }
  }

  private void require(ForcedBatch batch) {
    if (closed) {
      throw new IllegalStateException("the decoder is closed");
    }
    if (batch.rows() < 1) {
      throw new IllegalArgumentException("a batch must have a row");
    }
    if (batch.tokens() > maxTokens) {
      throw new IllegalArgumentException(
          "a row takes at most " + maxTokens + " inputs, got " + batch.tokens());
    }
    int vocabulary = Math.min(spec.head().vocabulary(), spec.stack().embedding().vocabulary());
    for (int r = 0; r < batch.rows(); r++) {
      ForcedBatch.Row row = batch.row(r);
      long values = (long) row.positions * spec.stack().width();
      if (row.hidden.remaining() < values) {
        throw new IllegalArgumentException(
            "hidden states of row %d must hold %d values, got %d"
                .formatted(r, values, row.hidden.remaining()));
      }
      for (int n = 0; n < row.inputs.length; n++) {
        if (row.inputs[n] < 0 || row.inputs[n] >= vocabulary || row.targets[n] >= vocabulary) {
          throw new IllegalArgumentException(
              "token %d of row %d is not in the vocabulary".formatted(n, r));
        }
      }
    }
  }

  private static float[] copy(FloatBuffer values) {
    float[] copy = new float[values.remaining()];
    values.get(values.position(), copy);
    return copy;
  }

  /** The tensors of one call, over the scratch memory. */
  private final class Tensors implements AutoCloseable {
    private final PtNDArray hidden;
    private final PtNDArray lengths;
    private final PtNDArray inputs;
    private final PtNDArray targets;

    Tensors(ForcedBatch batch) {
      int rows = batch.rows();
      hidden = floats(memory.hidden(), rows, batch.positions(), spec.stack().width());
      lengths = program.alias(memory.lengths(), DataType.INT64, rows);
      inputs = program.alias(memory.inputs(), DataType.INT64, rows, batch.tokens());
      targets = program.alias(memory.targets(), DataType.INT64, rows, batch.tokens());
    }

    PtNDArray floats(ByteBuffer values, long... shape) {
      return program.alias(values, DataType.FLOAT32, shape);
    }

    void run(PtNDArray out) {
      try (out;
          IValue states = IValue.from(hidden);
          IValue positions = IValue.from(lengths);
          IValue fed = IValue.from(inputs);
          IValue result = IValue.from(out)) {
        program.call("logits", states, positions, fed, result);
      } catch (ai.djl.engine.EngineException e) {
        throw failed("forced logits", e);
      }
    }

    void differentiate(PtNDArray out) {
      try (out) {
        program.callWithGradients(hidden, lengths, inputs, targets, out);
      } catch (ai.djl.engine.EngineException e) {
        throw failed("gradient", e);
      }
    }

    private EngineException failed(String operation, RuntimeException failure) {
      return new EngineException(
          operation,
          "cpu",
          "libtorch failed; smaller batches need less memory",
          TorchProgram.withoutMessage(failure));
    }

    @Override
    public void close() {
      hidden.close();
      lengths.close();
      inputs.close();
      targets.close();
    }
  }
}
