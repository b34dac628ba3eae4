package dev.cleave.server.upper;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.cleave.server.engine.EngineException;
import dev.cleave.server.engine.TorchProgram;
import dev.cleave.server.engine.WeightPacker;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.UpperJson;
import dev.cleave.split.block.UpperSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.torch.ForcedUpperEmitter;
import dev.cleave.split.torch.ForcedUpperScript;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;

/**
 * The server half of a decoder-only model made to read whole texts: the logits behind chosen
 * positions at once, and the gradient of a text's probability by the boundary tensor. For
 * calibration and research; it holds the weights as plain f32, keeps no KV, and always runs on the
 * CPU.
 *
 * <p>Memory of a call: the layers' activations of one text, the result, and for a gradient the
 * logits of at most {@link ForcedUpperEmitter#HEAD_ROWS} positions. Confined to one thread at a
 * time. Closing frees all.
 */
public final class ForcedUpper implements AutoCloseable {
  private final TorchProgram program;
  private final UpperSpec spec;
  private final int maxPositions;

  /** What the last result lies in; grows to the largest. */
  private Arena arena = Arena.ofShared();

  private ByteBuffer room = ByteBuffer.allocate(0);
  private boolean closed;

  private ForcedUpper(TorchProgram program, UpperSpec spec, int maxPositions) {
    this.program = program;
    this.spec = spec;
    this.maxPositions = maxPositions;
  }

  /**
   * Opens the server half of a bundle, for texts up to its longest prompt.
   *
   * @param threads that one computation is spread over
   * @throws EngineException when the weights are not those that {@code upper.json} calls for
   */
  public static ForcedUpper open(Bundle serverHalf, int threads) {
    return open(
        UpperJson.read(serverHalf.file("upper.json")),
        serverHalf.file("upper.safetensors"),
        serverHalf.manifest().limits().maxPromptPositions(),
        threads);
  }

  /**
   * As {@link #open(Bundle, int)}, from a description and the safetensors file with exactly its
   * tensors.
   *
   * @param maxPositions of the longest text
   */
  public static ForcedUpper open(UpperSpec spec, Path weightsFile, int maxPositions, int threads) {
    if (maxPositions < 1) {
      throw new IllegalArgumentException("maxPositions must be positive, got " + maxPositions);
    }
    ForcedUpperScript script = ForcedUpperEmitter.emit(spec, maxPositions);
    TorchProgram program = TorchProgram.load(script.archive(), threads);
    boolean opened = false;
    try (Weights weights = Weights.openFile(weightsFile)) {
      WeightPacker.check(weights, CanonicalTensors.ofUpper(spec), weightsFile, "upper.json");
      WeightPacker.pack(program, script.weights(), weights, weightsFile);
      program.call("prepare");
      opened = true;
      return new ForcedUpper(program, spec, maxPositions);
    } catch (SplitException e) {
      throw new EngineException("open engine", weightsFile.toString(), e.detail(), e);
    } finally {
      if (!opened) {
        program.close();
      }
    }
  }

  /** What the upper layers are. */
  public UpperSpec spec() {
    return spec;
  }

  /** Positions of the longest text. */
  public int maxPositions() {
    return maxPositions;
  }

  /**
   * The logits behind chosen positions of one text.
   *
   * @param hidden boundary tensor of the text, f32 {@code [positions, width]} from its position on,
   *     heap or direct; borrowed until return, its position does not move
   * @param positions of the text
   * @param rows the positions whose logits are wanted; a result holds at most 2 GiB
   * @return f32 {@code [rows, vocabulary]} from index 0, borrowed until the next call
   */
  public FloatBuffer logits(FloatBuffer hidden, int positions, int[] rows) {
    int vocabulary = spec.head().vocabulary();
    require(hidden, positions, rows, UpperMemory.mostLogitRows(vocabulary));
    ByteBuffer out = out((long) rows.length * vocabulary);
    try (Arena inputs = Arena.ofConfined();
        PtNDArray states = states(inputs, hidden, positions);
        PtNDArray which = longs(inputs, rows);
        PtNDArray result = program.alias(out, DataType.FLOAT32, rows.length, vocabulary);
        IValue first = IValue.from(states);
        IValue second = IValue.from(which);
        IValue third = IValue.from(result)) {
      program.call("logits", first, second, third);
    } catch (ai.djl.engine.EngineException e) {
      throw failed("forced logits", e);
    }
    return out.asFloatBuffer();
  }

  /**
   * The gradient by the boundary tensor of the sum, over chosen positions, of the logarithm of the
   * probability that a token follows there.
   *
   * @param hidden as for {@link #logits}
   * @param rows the positions whose followers count
   * @param targets of each of these the token that follows
   * @return f32 {@code [positions, width]} from index 0, borrowed until the next call
   */
  public FloatBuffer gradient(FloatBuffer hidden, int positions, int[] rows, int[] targets) {
    require(hidden, positions, rows, Integer.MAX_VALUE);
    if (targets.length != rows.length) {
      throw new IllegalArgumentException(
          "there must be as many targets as rows: %d, %d".formatted(targets.length, rows.length));
    }
    for (int n = 0; n < targets.length; n++) {
      if (targets[n] < 0 || targets[n] >= spec.head().vocabulary()) {
        throw new IllegalArgumentException("target " + n + " is not in the vocabulary");
      }
    }
    ByteBuffer out = out((long) positions * spec.width());
    try (Arena inputs = Arena.ofConfined();
        PtNDArray states = states(inputs, hidden, positions);
        PtNDArray which = longs(inputs, rows);
        PtNDArray wanted = longs(inputs, targets);
        PtNDArray result = program.alias(out, DataType.FLOAT32, positions, spec.width())) {
      program.callWithGradients(states, which, wanted, result);
    } catch (ai.djl.engine.EngineException e) {
      throw failed("gradient", e);
    }
    return out.asFloatBuffer();
  }

  /** Frees all memory. Idempotent; nothing else may be called afterwards. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      program.close();
      arena.close();
    }
  }

  private void require(FloatBuffer hidden, int positions, int[] rows, int mostRows) {
    if (closed) {
      throw new IllegalStateException("the upper layers are closed");
    }
    if (positions < 1 || positions > maxPositions) {
      throw new IllegalArgumentException(
          "positions must be in [1, " + maxPositions + "], got " + positions);
    }
    long values = (long) positions * spec.width();
    if (hidden.remaining() < values) {
      throw new IllegalArgumentException(
          "hidden states must hold " + values + " values, got " + hidden.remaining());
    }
    if (rows.length < 1 || rows.length > mostRows) {
      throw new IllegalArgumentException(
          "rows must be in [1, " + mostRows + "], got " + rows.length);
    }
    for (int row : rows) {
      if (row < 0 || row >= positions) {
        throw new IllegalArgumentException("a row must be in [0, " + positions + "), got " + row);
      }
    }
  }

  private ByteBuffer out(long floats) {
    long bytes = floats * Float.BYTES;
    if (room.capacity() < bytes) {
      arena.close();
      // shared: whoever closes may be another thread than the one that computed
      arena = Arena.ofShared();
      room = memory(arena, bytes);
    }
    return room.slice(0, (int) bytes).order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer memory(Arena arena, long bytes) {
    return arena.allocate(bytes, 64).asByteBuffer().order(ByteOrder.nativeOrder());
  }

  private PtNDArray states(Arena inputs, FloatBuffer hidden, int positions) {
    int values = positions * spec.width();
    ByteBuffer copy = memory(inputs, (long) values * Float.BYTES);
    copy.asFloatBuffer().put(0, hidden, hidden.position(), values);
    return program.alias(copy, DataType.FLOAT32, positions, spec.width());
  }

  private PtNDArray longs(Arena inputs, int[] values) {
    ByteBuffer memory = memory(inputs, (long) values.length * Long.BYTES);
    LongBuffer longs = memory.asLongBuffer();
    for (int value : values) {
      longs.put(value);
    }
    return program.alias(memory, DataType.INT64, values.length);
  }

  private static EngineException failed(String operation, RuntimeException failure) {
    return new EngineException(
        operation,
        "cpu",
        "libtorch failed; shorter texts need less memory",
        TorchProgram.withoutMessage(failure));
  }
}
