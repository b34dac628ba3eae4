package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.codec.CodecMode;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.HiddenStates;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.checkpoint.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A real language model from its GGUF file, cut in two, against what {@code transformers} computes
 * with the same weights. Skipped where {@code CLEAVE_MODELS} has no {@code smollm2-135m-instruct}.
 */
class SmolLm2Test {
  private static final String NAME = "smollm2-135m-instruct";

  @ParameterizedTest
  @ValueSource(ints = {1, 8, 29})
  void splitEqualsWhole(int at, @TempDir Path work) throws IOException {
    Path model = model();
    JsonNode expected = new ObjectMapper().readTree(model.resolve("expected.json").toFile());
    Path bundle = split(model, at, work);
    try (ServerProcess server =
            ServerProcess.start(bundle, "--allow-logits", "--max-sessions", "4");
        CleaveClient client = CleaveClient.open(bundle, server.address());
        Weights tensors = Weights.openFile(model.resolve("expected.safetensors"))) {
      for (JsonNode text : expected.path("tokenizer")) {
        assertThat(client.tokenize(text.path("text").asText()))
            .isEqualTo(Oracle.ints(text.path("ids")));
      }
      int prompt = 0;
      for (JsonNode entry : expected.path("prompts")) {
        int[] ids = Oracle.ints(entry.path("input_ids"));
        assertThat(client.tokenize(entry.path("templated").asText())).isEqualTo(ids);
        String states = "prompt%d.hidden.%d".formatted(prompt, at);
        if (tensors.has(states)) {
          HiddenStates hidden = client.encodeIds(ids);
          assertThat(
                  CausalOracle.error(tensors.floats(states), CausalParity.floats(hidden.values())))
              .as(states)
              .isLessThan(Parity.TOLERANCE);
        }
        answers(client, entry, ids, tensors, "prompt" + prompt + ".last_logits");
        prompt++;
      }
      assertThat(prompt).isEqualTo(4);
    }
  }

  /** Rounded weights may word an answer otherwise; how the four differ is printed. */
  @Test
  void int8WeightsOnTheServerStillKnowTheCapital(@TempDir Path work) throws IOException {
    Path model = model();
    assumeTrue(
        Files.readString(Path.of("/proc/cpuinfo")).matches("(?s).*avx(512)?_vnni.*"),
        "int8 needs VNNI");
    JsonNode expected = new ObjectMapper().readTree(model.resolve("expected.json").toFile());
    Path bundle = split(model, 4, work);
    try (ServerProcess server =
            ServerProcess.start(bundle, "--precision", "int8", "--max-sessions", "4");
        CleaveClient client = CleaveClient.open(bundle, server.address())) {
      for (JsonNode entry : expected.path("prompts")) {
        int[] greedy = Oracle.ints(entry.path("greedy"));
        try (Generation answer =
            client.generateFromIds(Oracle.ints(entry.path("input_ids")), options(greedy.length))) {
          String text = answer.text();
          int[] ids = answer.tokenIds();
          int same = Arrays.mismatch(greedy, ids);
          System.err.printf(
              "int8 server weights: %s%n",
              same < 0
                  ? "all %d tokens equal".formatted(ids.length)
                  : "equal up to token %d of %d".formatted(same, greedy.length));
          if (entry.path("user").asText().contains("capital of France")) {
            assertThat(text).contains("Paris");
          }
        }
      }
    }
  }

  private static void answers(
      CleaveClient client, JsonNode entry, int[] ids, Weights tensors, String logits) {
    int[] greedy = Oracle.ints(entry.path("greedy"));
    try (Generation answer = client.generateFromIds(ids, options(greedy.length).withLogits())) {
      answer.forEach(piece -> {});
      List<Integer> got = Arrays.stream(answer.tokenIds()).boxed().toList();
      assertThat(got).isEqualTo(Arrays.stream(greedy).boxed().toList());
      if (tensors.has(logits)) {
        float[] first = CausalParity.floats(answer.logits().getFirst());
        assertThat(CausalOracle.error(tensors.floats(logits), first))
            .as(logits)
            .isLessThan(Parity.TOLERANCE);
      }
    }
  }

  private static GenerateOptions options(int tokens) {
    return GenerateOptions.defaults()
        .withCodec(CodecMode.RAW_F32)
        .withMaxNewTokens(tokens)
        .ignoringEos();
  }

  private static Path split(Path model, int at, Path work) {
    Path bundle = work.resolve("k" + at);
    SplitCompiler.split(
        model.resolve("model-q4_1.gguf"),
        bundle,
        SplitOptions.defaults().withAt(at),
        ProgressListener.NONE);
    return bundle;
  }

  private static Path model() {
    String models = System.getenv("CLEAVE_MODELS");
    assumeTrue(models != null, "CLEAVE_MODELS is not set");
    Path model = Path.of(Objects.requireNonNull(models), NAME);
    assumeTrue(Files.isDirectory(model), "CLEAVE_MODELS has no " + NAME);
    return model;
  }
}
