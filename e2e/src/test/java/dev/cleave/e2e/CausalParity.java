package dev.cleave.e2e;

import dev.cleave.codec.CodecMode;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
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
import dev.cleave.split.bundle.SplitPoint;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Split equals whole for one bundle cut after k layers, against what {@code transformers} computed
 * with the whole model: the boundary tensor, the logits of every position, the greedy tokens
 * through a server process over RAW f32 frames. Both halves compute their prompt at once, in
 * chunks, and one position at a time; the largest error of the three counts.
 */
final class CausalParity {
  /** Positions of the chunks that a prompt is cut into; the last takes the rest. */
  private static final int[] CHUNKS = {1, 5, 2, 3};

  private CausalParity() {}

  static Parity.Result check(Path bundle, CausalOracle oracle) throws IOException {
    double boundary = 0;
    double logits = 0;
    boolean greedy = true;
    boolean ids = true;
    BundleManifest manifest = Bundle.open(bundle, Half.DEVICE).manifest();
    int at = ((SplitPoint.Causal) manifest.split()).at();
    try (LowerEngine lower = lower(bundle, manifest, at);
        UpperEngine upper = upper(bundle, manifest)) {
      for (CausalOracle.Row row : oracle.rows) {
        float[] expected = Objects.requireNonNull(row.hidden.get(at));
        for (int[] cuts : cuts(row.ids.length)) {
          float[] hidden = lower(lower, row.ids, cuts);
          boundary = Math.max(boundary, CausalOracle.error(expected, hidden));
          logits = Math.max(logits, CausalOracle.error(row.logits, upper(upper, hidden, cuts)));
        }
      }
    }
    try (ServerProcess server =
            ServerProcess.start(bundle, "--allow-logits", "--max-sessions", "8");
        CleaveClient client = CleaveClient.open(bundle, server.address())) {
      for (Oracle.Text text : oracle.texts) {
        ids &= Arrays.stream(client.tokenize(text.text())).boxed().toList().equals(text.ids());
      }
      for (CausalOracle.Row row : oracle.rows) {
        GenerateOptions options =
            GenerateOptions.defaults()
                .withCodec(CodecMode.RAW_F32)
                .withMaxNewTokens(row.greedy.length)
                .ignoringEos()
                .withLogits();
        try (Generation answer = client.generateFromIds(row.ids, options)) {
          answer.forEach(piece -> {});
          greedy &= Arrays.equals(row.greedy, answer.tokenIds());
          float[] first = floats(answer.logits().getFirst());
          float[] last = CausalOracle.last(row.logits, first.length, 1);
          logits = Math.max(logits, CausalOracle.error(last, first));
        }
      }
    }
    return new Parity.Result(boundary, logits, greedy, ids, oracle.tolerance);
  }

  static LowerEngine lower(Path bundle, BundleManifest manifest, int at) {
    LowerShape shape = new LowerShape(manifest.width(), at, manifest.limits().maxPromptPositions());
    return OrtLowerEngine.open(Bundle.open(bundle, Half.DEVICE).file("lower.onnx"), shape, 1);
  }

  private static UpperEngine upper(Path bundle, BundleManifest manifest) {
    int positions = manifest.limits().maxPromptPositions();
    return TorchUpperEngine.open(
        Bundle.open(bundle, Half.SERVER),
        new UpperOptions(
            "cpu", WeightPrecision.F32, new UpperOptions.Sizes(1, positions, positions)));
  }

  /** At once, in chunks, one by one. */
  private static List<int[]> cuts(int positions) {
    int[] chunks = Arrays.copyOf(CHUNKS, CHUNKS.length + 1);
    chunks[CHUNKS.length] = positions - Arrays.stream(CHUNKS).sum();
    int[] ones = new int[positions];
    Arrays.fill(ones, 1);
    return List.of(new int[] {positions}, chunks, ones);
  }

  /** f32 [positions, width], computed in these chunks. */
  static float[] lower(LowerEngine engine, int[] ids, int[] cuts) {
    try (Arena arena = Arena.ofConfined();
        LowerSession session = engine.open(ids.length)) {
      FloatBuffer hidden = floats(arena, ids.length * engine.width());
      LongBuffer input =
          arena
              .allocate((long) ids.length * Long.BYTES, Long.BYTES)
              .asByteBuffer()
              .order(ByteOrder.nativeOrder())
              .asLongBuffer();
      for (int i = 0; i < ids.length; i++) {
        input.put(i, ids[i]);
      }
      int start = 0;
      for (int chunk : cuts) {
        session.append(input.slice(start, chunk), hidden.position(start * engine.width()));
        start += chunk;
      }
      return floats(hidden.rewind());
    }
  }

  /** f32 [positions, vocabulary], computed in these chunks. */
  private static float[] upper(UpperEngine engine, float[] hidden, int[] cuts) {
    int width = engine.shape().width();
    int positions = hidden.length / width;
    FloatBuffer logits = FloatBuffer.allocate(positions * engine.shape().vocabulary());
    try (Arena arena = Arena.ofConfined()) {
      FloatBuffer states = floats(arena, hidden.length).put(hidden);
      engine.allocate(0, positions);
      int start = 0;
      for (int chunk : cuts) {
        Segment segment = new Segment(0, start, chunk, chunk);
        logits.put(engine.step(List.of(segment), states.position(start * width), true).logits());
        start += chunk;
      }
      engine.free(0);
    }
    return logits.array();
  }

  private static FloatBuffer floats(Arena arena, int count) {
    return arena
        .allocate((long) count * Float.BYTES, 64)
        .asByteBuffer()
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  static float[] floats(FloatBuffer buffer) {
    float[] values = new float[buffer.remaining()];
    buffer.get(buffer.position(), values);
    return values;
  }
}
