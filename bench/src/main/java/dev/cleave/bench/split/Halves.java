package dev.cleave.bench.split;

import dev.cleave.edge.engine.LowerEngine;
import dev.cleave.edge.engine.LowerSession;
import dev.cleave.edge.engine.LowerShape;
import dev.cleave.edge.engine.OrtLowerEngine;
import dev.cleave.server.upper.Segment;
import dev.cleave.server.upper.TorchUpperEngine;
import dev.cleave.server.upper.UpperEngine;
import dev.cleave.server.upper.UpperOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.torch.WeightPrecision;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;

/**
 * Both halves in this process, called by hand: no codec, no scheduler, no network. Confined to one
 * thread, as libtorch keeps settings by thread.
 */
final class Halves implements AutoCloseable {
  /** Positions of the longest session, and of the longest computation. */
  static final int MOST_POSITIONS = 1024;

  private static final int SLOT = 0;

  private final LowerEngine lower;
  private final UpperEngine upper;
  private final Arena arena = Arena.ofConfined();
  private final LongBuffer ids;
  private final FloatBuffer hidden;

  private Halves(LowerEngine lower, UpperEngine upper) {
    this.lower = lower;
    this.upper = upper;
    this.ids = bytes((long) MOST_POSITIONS * Long.BYTES).asLongBuffer();
    this.hidden = bytes((long) MOST_POSITIONS * lower.width() * Float.BYTES).asFloatBuffer();
  }

  static Halves open(Conditions conditions, WeightPrecision precision) {
    Bundle device = Bundle.open(conditions.bundle(), Half.DEVICE);
    BundleManifest manifest = device.manifest();
    LowerShape shape =
        new LowerShape(manifest.width(), conditions.at(), manifest.limits().maxPromptPositions());
    LowerEngine lower = OrtLowerEngine.open(device.file("lower.onnx"), shape, conditions.threads());
    try {
      return new Halves(
          lower,
          TorchUpperEngine.open(
              Bundle.open(conditions.bundle(), Half.SERVER),
              new UpperOptions(
                  "cpu",
                  precision,
                  new UpperOptions.Sizes(1, MOST_POSITIONS, MOST_POSITIONS),
                  conditions.threads())));
    } catch (RuntimeException e) {
      lower.close();
      throw e;
    }
  }

  /** Greedy tokens a second, those after the first by the time since the first. */
  double tokensPerSecond(int[] prompt, int tokens) {
    try (LowerSession session = lower.open(MOST_POSITIONS)) {
      upper.allocate(SLOT, prompt.length + tokens);
      lower(session, prompt, prompt.length);
      int token = upper(0, prompt.length, 1);
      long began = System.nanoTime();
      int[] last = new int[1];
      for (int n = 1; n < tokens; n++) {
        last[0] = token;
        int start = session.length();
        lower(session, last, 1);
        token = upper(start, 1, 1);
      }
      return (tokens - 1) * 1e9 / (System.nanoTime() - began);
    } finally {
      upper.free(SLOT);
    }
  }

  /** Seconds of the device half for a prompt, in chunks of so many positions. */
  double lowerSeconds(int[] prompt, int chunk) {
    try (LowerSession session = lower.open(MOST_POSITIONS)) {
      long began = System.nanoTime();
      lower(session, prompt, chunk);
      return (System.nanoTime() - began) / 1e9;
    }
  }

  /**
   * Seconds of the server half from the boundary tensor that was computed last to the first token,
   * in chunks of so many positions.
   */
  double upperSeconds(int positions, int chunk) {
    upper.allocate(SLOT, positions);
    try {
      long began = System.nanoTime();
      for (int done = 0; done < positions; done += chunk) {
        int count = Math.min(chunk, positions - done);
        upper(done, count, done + count == positions ? 1 : 0);
      }
      return (System.nanoTime() - began) / 1e9;
    } finally {
      upper.free(SLOT);
    }
  }

  /**
   * Seconds of one decode step of the server half, behind a prompt whose boundary tensor was
   * computed last.
   *
   * @param steps that are measured, of which each follows the one before
   */
  double stepSeconds(int positions, int steps) {
    upper.allocate(SLOT, positions + steps);
    try {
      upper(0, positions, 1);
      long began = System.nanoTime();
      for (int n = 0; n < steps; n++) {
        upper(positions + n, 1, 1);
      }
      return (System.nanoTime() - began) / 1e9 / steps;
    } finally {
      upper.free(SLOT);
    }
  }

  /** Leaves the boundary tensor in {@link #hidden}, one row for each position of the session. */
  private void lower(LowerSession session, int[] tokens, int chunk) {
    for (int done = 0; done < tokens.length; done += chunk) {
      int count = Math.min(chunk, tokens.length - done);
      for (int i = 0; i < count; i++) {
        ids.put(i, tokens[done + i]);
      }
      session.append(ids.slice(0, count), hidden.position(session.length() * lower.width()));
    }
  }

  private int upper(int start, int positions, int answers) {
    hidden.position(start * lower.width());
    List<Segment> segments = List.of(new Segment(SLOT, start, positions, answers));
    var result = upper.step(segments, hidden, false);
    return answers == 0 ? -1 : result.argmax(0);
  }

  private ByteBuffer bytes(long size) {
    return arena.allocate(size, 64).asByteBuffer().order(ByteOrder.nativeOrder());
  }

  @Override
  public void close() {
    upper.close();
    lower.close();
    arena.close();
  }
}
