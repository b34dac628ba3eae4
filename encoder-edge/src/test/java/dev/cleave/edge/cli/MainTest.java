package dev.cleave.edge.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import dev.cleave.edge.ScriptedServer;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.v1.CodecMode;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Preset;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class MainTest {
  private static final String ANSWER = "line one naïve";
  private static final String NOTE = "Patient was admitted with chest pain.";

  @TempDir static Path folder;
  private static String bundle = "";

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void split() {
    bundle = Fixtures.split("t5-v1.0-tied-relu", folder).toString();
  }

  @Test
  void streamsTextToOutAndTheReceiptToErr() throws IOException {
    try (ScriptedServer server = ScriptedServer.start(MainTest::answer)) {
      assertThat(run("generate", "--bundle", bundle, "--server", server.address(), NOTE)).isZero();
    }
    assertThat(out.toString()).isEqualTo(ANSWER + System.lineSeparator());
    assertThat(err.toString())
        .contains("bundle ", "server      scripted", " as int8 in 1 frame:", "bits per element")
        .contains("codec       int8 (the bundle is not calibrated)", "nothing more")
        .containsPattern(
            "certificate channel-normalised distortion -[0-9.]+ dB; the bound there is [0-9.]+ bits"
                + " per element, [0-9.]+ fewer \\(measured in [0-9.]+ ms\\)")
        .contains("ended by EOS", "can be inverted by a server that knows")
        .doesNotContain("chest");
  }

  @Test
  void printsOneJsonObject() throws IOException {
    Path file = Files.writeString(folder.resolve("note.txt"), NOTE + "\n");
    try (ScriptedServer server = ScriptedServer.start(MainTest::answer)) {
      assertThat(
              run(
                  "generate",
                  "--json",
                  "--no-receipt",
                  "--bundle",
                  bundle,
                  "--file",
                  file.toString(),
                  "--server",
                  server.address(),
                  "--codec",
                  "bf16"))
          .isZero();
    }
    assertThat(err.toString()).isEmpty();
    JsonNode json = new ObjectMapper().readTree(out.toString());
    assertThat(json.get("text").asText()).isEqualTo(ANSWER);
    assertThat(json.get("token_ids")).hasSize(Fixtures.ids(ANSWER).length);
    assertThat(json.get("finish_reason").asText()).isEqualTo("EOS");
    JsonNode receipt = json.get("receipt");
    assertThat(receipt.get("codec").asText()).isEqualTo("bf16");
    assertThat(receipt.get("server_name").asText()).isEqualTo("scripted");
    assertThat(receipt.get("bundle_id").asText()).hasSize(64);
    assertThat(receipt.get("frames").asInt()).isEqualTo(1);
    // The line end of the file is not part of the prompt.
    assertThat(receipt.get("positions").asInt()).isEqualTo(Fixtures.ids(NOTE).length + 1);
    assertThat(receipt.get("bytes_up").asLong())
        .isGreaterThan(receipt.get("frame_bytes_up").asLong());
    assertThat(receipt.get("bytes_down").asLong()).isPositive();
    assertThat(receipt.get("seed").isNull()).isTrue();
    assertThat(receipt.get("codec").asText()).isEqualTo("bf16");
    assertThat(receipt.get("codec_reason").asText()).isEqualTo("asked for");
    assertThat(receipt.get("constant_size_frames").asBoolean()).isTrue();
    assertThat(receipt.get("exact").asBoolean()).isFalse();
    assertThat(receipt.get("distortion_db").asDouble()).isBetween(-60.0, -45.0);
    assertThat(receipt.get("gap_bits_per_element").asDouble())
        .isEqualTo(
            receipt.get("bits_per_element").asDouble()
                - receipt.get("bound_bits_per_element").asDouble(),
            within(0.002));
    assertThat(receipt.get("statement").asText()).contains("States are personal data");
  }

  @Test
  void failsWithOneLine() {
    assertThat(run("generate", "--bundle", bundle, "--server", "127.0.0.1:1", NOTE)).isEqualTo(1);
    assertThat(err.toString()).startsWith("cleave: ").contains("127.0.0.1:1");
    assertThat(err.toString().strip()).doesNotContain("\n").doesNotContain("chest");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void refusesMoreDraftsThanEverPay() {
    assertThat(run("generate", "--bundle", bundle, "--drafts", "33", NOTE)).isEqualTo(2);
    assertThat(err.toString()).contains("from 0 to 32", "33");
  }

  @Test
  void namesTheNextMoveForAPresetThatTheBundleHasNot() {
    assertThat(run("generate", "--bundle", bundle, "--codec", "small", NOTE)).isEqualTo(2);
    assertThat(err.toString())
        .contains("'small'", "not calibrated", "cleave calibrate --bundle B")
        .hasLineCount(1);
  }

  @Test
  void printsTheStackTraceOnlyWhenAsked() {
    run("generate", "--verbose", "--bundle", bundle, "--server", "127.0.0.1:1", NOTE);
    assertThat(err.toString()).contains("\tat dev.cleave.edge");
  }

  @Test
  void namesTheBundleThatIsNotThere() {
    assertThat(run("generate", "--bundle", folder.resolve("none").toString(), NOTE)).isEqualTo(1);
    assertThat(err.toString()).contains("none").contains("cleave split");
  }

  @Test
  void talksTlsToAServerElsewhere() throws Exception {
    try (ScriptedServer server = ScriptedServer.start(exchange -> {})) {
      // A name is elsewhere, whatever it means.
      String name = server.address().replace("127.0.0.1", "dns:///localhost");
      assertThat(run("generate", "--bundle", bundle, "--server", name, NOTE)).isEqualTo(1);
      assertThat(err.toString()).contains(name, "does not speak TLS");
    }
    assertThat(run("describe", "--tls-ca", folder.resolve("none.pem").toString())).isEqualTo(2);
    assertThat(err.toString()).contains("none.pem", "cannot be read");
    assertThat(run("describe", "--server", "127.0.0.1:1,nonsense")).isEqualTo(2);
    assertThat(err.toString()).contains("'nonsense' is not host:port");
  }

  @Test
  void refusesTextThatIsEmptyTwiceGivenOrNotUtf8() throws IOException {
    assertThat(run("generate", "--bundle", bundle, "  ")).isEqualTo(2);
    assertThat(err.toString()).contains("the text is empty");
    assertThat(run("generate", "--bundle", bundle, "--file", "x", NOTE)).isEqualTo(2);
    Path latin = folder.resolve("latin.txt");
    Files.write(latin, "naïve".getBytes(StandardCharsets.ISO_8859_1));
    assertThat(run("generate", "--bundle", bundle, "--file", latin.toString())).isEqualTo(2);
    assertThat(err.toString()).contains("is not UTF-8");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "generate", // --bundle is required
        "generate --bundle b --codec int3 x",
        "generate --bundle b --codec rate x",
        "generate --bundle b --codec rate:0 x",
        "generate --bundle b --codec rate:40 x",
        "generate --bundle b --deadline soon x",
        "generate --bundle b --deadline 0 x",
        "generate --bundle b --top-p 0 x",
        "generate --bundle b --temperature -1 x",
        "generate --bundle b --max-tokens 0 x",
        "generate --bundle b --threads 0 x",
        "generate --bundle b one two",
        "frobnicate",
        ""
      })
  void refusesWrongUsageWithOneLine(String line) {
    assertThat(run(line.isEmpty() ? new String[0] : line.split(" "))).isEqualTo(2);
    assertThat(err.toString()).startsWith("cleave: ");
    assertThat(err.toString().strip()).doesNotContain("\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"generate", "describe"})
  void showsExamplesInHelp(String command) {
    assertThat(run(command, "--help")).isZero();
    assertThat(out.toString()).contains("Usage: cleave " + command).contains("Examples:");
  }

  @Test
  void describesAServer() throws IOException {
    DescribeReply reply =
        DescribeReply.newBuilder()
            .setBundleId(ByteString.copyFrom(new byte[32]))
            .setArchitecture("t5")
            .setMaxSessions(16)
            .setProfileHash("00ff".repeat(8))
            .addPresets(
                Preset.newBuilder()
                    .setName("small")
                    .setCodec(CodecMode.RATE)
                    .setBytesPerPosition(77)
                    .setKl(0.05))
            .build();
    try (ScriptedServer server = ScriptedServer.describing(reply)) {
      assertThat(run("describe", "--json", "--server", server.address())).isZero();
      JsonNode json = new ObjectMapper().readTree(out.toString());
      assertThat(json.get("architecture").asText()).isEqualTo("t5");
      assertThat(json.get("max_sessions").asInt()).isEqualTo(16);
      assertThat(json.get("bundle_id").asText()).isEqualTo("00".repeat(32));
      assertThat(run("describe", "--server", server.address())).isZero();
      assertThat(out.toString())
          .contains("architecture          t5")
          .contains("codec_profile         00ff00ff")
          .contains("presets               {name=small, codec=RATE, bytes_per_position=77");
      assertThat(json.get("presets").get(0).get("kl").asDouble()).isEqualTo(0.05);
    }
  }

  static void answer(dev.cleave.edge.Exchange exchange) throws InterruptedException {
    exchange.accept();
    int[] ids = Fixtures.ids(ANSWER);
    exchange.tokens(0, ids);
    exchange.done(FinishReason.EOS, ids.length);
  }

  private int run(String... args) {
    return Main.run(args, new PrintWriter(out, true), new PrintWriter(err, true));
  }
}
