package dev.cleave.e2e;

import dev.cleave.codec.CodecMode;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.HiddenStates;
import dev.cleave.server.engine.DecoderEngine;
import dev.cleave.server.engine.EngineOptions;
import dev.cleave.server.engine.StepResult;
import dev.cleave.server.engine.TorchDecoderEngine;
import dev.cleave.split.block.DecoderJson;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Split equals whole: one bundle against what {@code transformers} computed with the checkpoint it
 * was cut from. The device half runs here, the decoder in a server process, hidden states cross as
 * RAW f32 frames; the oracle's teacher-forced logits are compared at an engine in this process that
 * is fed with the device half's own boundary tensor.
 */
final class Parity {
  /** f32 against f32, sums in another order: 2e-4 of the largest expected magnitude. */
  static final double TOLERANCE = 2e-4;

  private static final int SLOTS = 2;

  /** What was compared, and how it came out. */
  record Result(
      double boundaryError,
      double logitsError,
      boolean greedyEqual,
      boolean idsEqual,
      double tolerance) {
    boolean matches() {
      return boundaryError <= tolerance && logitsError <= tolerance && greedyEqual && idsEqual;
    }

    /** The larger errors of two. */
    Result worse(Result other) {
      return new Result(
          Math.max(boundaryError, other.boundaryError),
          Math.max(logitsError, other.logitsError),
          greedyEqual && other.greedyEqual,
          idsEqual && other.idsEqual,
          tolerance);
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "boundary %.1e  logits %.1e  greedy %s  ids %s  %s",
          boundaryError,
          logitsError,
          greedyEqual ? "equal" : "DIFFERENT",
          idsEqual ? "equal" : "DIFFERENT",
          !matches()
              ? "MISMATCH"
              : tolerance == TOLERANCE ? "ok" : "ok within %.0e".formatted(tolerance));
    }
  }

  private Parity() {}

  static Result check(Path bundle, Oracle oracle) throws IOException {
    double boundary = 0;
    double logits = 0;
    boolean greedy = true;
    boolean ids = true;
    try (ServerProcess server =
            ServerProcess.start(
                bundle, "--allow-logits", "--max-sessions", Integer.toString(SLOTS));
        CleaveClient client = CleaveClient.open(bundle, server.address())) {
      for (Oracle.Text text : oracle.texts) {
        ids &= Arrays.stream(client.tokenize(text.text())).boxed().toList().equals(text.ids());
      }
      for (Oracle.Row row : oracle.rows) {
        HiddenStates hidden = client.encodeIds(row.ids);
        boundary = Math.max(boundary, oracle.boundaryError(row, floats(hidden.values())));
        logits =
            Math.max(
                logits,
                oracle.logitsError(row, row.decoderIds.length, teacherForced(bundle, hidden, row)));
        GenerateOptions options =
            GenerateOptions.defaults()
                .withCodec(CodecMode.RAW_F32)
                .withMaxNewTokens(row.greedy.length)
                .ignoringEos()
                .withLogits();
        try (Generation answer = client.generateFromIds(row.ids, options)) {
          answer.forEach(piece -> {});
          greedy &= Arrays.equals(row.greedy, answer.tokenIds());
          List<FloatBuffer> overTheWire = answer.logits();
          logits = Math.max(logits, oracle.logitsError(row, 1, floats(overTheWire.getFirst())));
        }
      }
    }
    return new Result(boundary, logits, greedy, ids, TOLERANCE);
  }

  /** The logits of the oracle's decoder tokens, f32 [steps, vocabulary]. */
  private static float[] teacherForced(Path bundle, HiddenStates hidden, Oracle.Row row) {
    Bundle half = Bundle.open(bundle, Half.SERVER);
    DecoderSpec spec = DecoderJson.read(half.file("decoder.json"));
    EngineOptions options =
        new EngineOptions(
            "cpu", WeightPrecision.F32, SLOTS, hidden.positions(), row.decoderIds.length);
    FloatBuffer logits = FloatBuffer.allocate(row.logits.length);
    try (DecoderEngine engine =
            TorchDecoderEngine.open(spec, half.file("decoder.safetensors"), options);
        Arena arena = Arena.ofConfined()) {
      FloatBuffer states =
          arena
              .allocate((long) hidden.positions() * hidden.width() * Float.BYTES, Float.BYTES)
              .asByteBuffer()
              .order(ByteOrder.nativeOrder())
              .asFloatBuffer();
      states.put(0, hidden.values(), 0, states.capacity());
      engine.prefill(0, states, hidden.positions());
      for (int step = 0; step < row.decoderIds.length; step++) {
        StepResult result =
            engine.step(1, new long[] {row.decoderIds[step]}, new long[] {step}, true);
        logits.put(result.logits());
      }
    }
    return logits.array();
  }

  private static float[] floats(FloatBuffer buffer) {
    float[] values = new float[buffer.remaining()];
    buffer.get(buffer.position(), values);
    return values;
  }
}
