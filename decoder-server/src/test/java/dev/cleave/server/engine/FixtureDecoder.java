package dev.cleave.server.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.checkpoint.Checkpoint;
import dev.cleave.split.checkpoint.FolderCheckpoint;
import dev.cleave.split.checkpoint.SafetensorsWriter;
import dev.cleave.split.checkpoint.TensorInfo;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.family.Families;
import dev.cleave.split.family.Seq2SeqModel;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The server half of one parity fixture, and what the original model computes with it. */
record FixtureDecoder(String name, DecoderSpec spec, Path weights, Path expected) {
  static final List<String> NAMES =
      List.of("t5-v1.0-tied-relu", "t5-v1.1-untied-gated-gelu", "bart", "marian");
  static final int GREEDY_TOKENS = 24;
  static final Path FIXTURES = Path.of("../e2e/src/test/resources/fixtures");

  /** Splits the fixture; its server half goes into the folder. */
  static FixtureDecoder split(String name, Path folder) {
    Path fixture = FIXTURES.resolve(name);
    Path file = folder.resolve(name + ".safetensors");
    try (Checkpoint checkpoint = FolderCheckpoint.open(fixture);
        Arena arena = Arena.ofConfined()) {
      Seq2SeqModel model = (Seq2SeqModel) Families.understand(checkpoint, arena);
      if (!Files.exists(file)) {
        SafetensorsWriter.write(file, model.decoder(), _ -> {});
      }
      DecoderSpec spec = model.spec().decoderSpec(model.generation().decoding());
      return new FixtureDecoder(name, spec, file, fixture);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static EngineOptions options(int slots) {
    return new EngineOptions("cpu", WeightPrecision.F32, slots, 64, 32, 1);
  }

  TorchDecoderEngine open(EngineOptions options) {
    return TorchDecoderEngine.open(spec, weights, options);
  }

  /** The boundary tensor of a row without its padding, {@code [positions, width]}. */
  FloatBuffer hidden(int row) {
    try (Weights tensors = Weights.openFile(expected.resolve("expected.safetensors"))) {
      float[] all = tensors.floats("encoder.last_hidden_state");
      TensorInfo info = tensors.info("attention_mask");
      long[] mask = tensors.bytes("attention_mask").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      int length = Math.toIntExact(info.shape().get(1));
      int width = spec.stack().width();
      FloatBuffer hidden = direct(length * width);
      for (int position = 0; position < length; position++) {
        int at = row * length + position;
        if (mask[at] == 1) {
          hidden.put(all, at * width, width);
        }
      }
      return hidden.flip();
    }
  }

  int positions(FloatBuffer hidden) {
    return hidden.remaining() / spec.stack().width();
  }

  /** The tokens of a row that the expected logits belong to. */
  long[] inputs(int row) {
    try (Weights tensors = Weights.openFile(expected.resolve("expected.safetensors"))) {
      long[] all = tensors.bytes("decoder_input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      int length = all.length / 2;
      return Arrays.copyOfRange(all, row * length, (row + 1) * length);
    }
  }

  /** The logits of both rows, {@code [2, tokens, vocabulary]}. */
  float[] logits() {
    try (Weights tensors = Weights.openFile(expected.resolve("expected.safetensors"))) {
      return tensors.floats("logits");
    }
  }

  /** What the original answers to a row, not stopped at its end. */
  List<Integer> greedy(int row) {
    try {
      List<Integer> tokens = new ArrayList<>();
      JsonNode root = new ObjectMapper().readTree(expected.resolve("expected.json").toFile());
      root.get("greedy").get(row).get("tokens").forEach(token -> tokens.add(token.asInt()));
      return tokens;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Greedy decoding of one session in slot 0. */
  static List<Integer> decode(DecoderEngine engine, int start, int count) {
    List<Integer> answer = new ArrayList<>();
    long token = start;
    for (int position = 0; position < count; position++) {
      token = engine.step(1, new long[] {token}, new long[] {position}, false).argmax(0);
      answer.add((int) token);
    }
    return answer;
  }

  static FloatBuffer direct(int floats) {
    return ByteBuffer.allocateDirect(floats * Float.BYTES)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }
}
