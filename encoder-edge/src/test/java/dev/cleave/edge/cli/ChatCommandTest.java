package dev.cleave.edge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.Exchange;
import dev.cleave.edge.ScriptedServer;
import dev.cleave.edge.chat.TinyLlama;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.wire.Uplink;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ChatCommandTest {
  private static final int END = 2;
  private static final HfTokenizer TOKENIZER = Fixtures.tokenizer("bart");

  @TempDir static Path folder;
  private static String bundle = "";

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void split() throws IOException {
    bundle = TinyLlama.split(folder.resolve("chat"), TinyLlama.TEMPLATE).toString();
  }

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  @Test
  void answersLineByLineAndSendsOnlyWhatIsNew() throws IOException {
    try (ScriptedServer server = ScriptedServer.start(answers("Paris naïve.", "Rome."))) {
      assertThat(chat("What?\n\nAnd then?\n", server, "--json")).as("%s", err).isZero();
    }

    List<JsonNode> turns = lines();
    assertThat(turns).hasSize(2);
    assertThat(turns.get(0).get("text").asText()).isEqualTo("Paris naïve.");
    assertThat(turns.get(1).get("text").asText()).isEqualTo("Rome.");
    assertThat(turns.get(1).get("dropped_messages").asInt()).isZero();
    int answer = TOKENIZER.encodeWritten("Paris naïve.").length;
    int first = TOKENIZER.encodeWritten("<s>user\nWhat?</s>\n<s>assistant\n").length;
    // A turn sends its prompt, and each token of its answer but the end.
    assertThat(turns.get(0).at("/receipt/positions").asInt()).isEqualTo(first + answer);
    int second = TOKENIZER.encodeWritten("</s>\n<s>user\nAnd then?</s>\n<s>assistant\n").length;
    assertThat(turns.get(1).at("/receipt/positions").asInt())
        .isEqualTo(second + TOKENIZER.encodeWritten("Rome.").length);
  }

  @Test
  void streamsPlainTextAndObeysCommands() throws IOException {
    String talk =
        """
        /receipt
        /undo
        /system Be brief.
        What?
        /receipt
        /undo
        //help
        /help
        /exit
        never said
        """;
    try (ScriptedServer server = ScriptedServer.start(answers("One.", "Two."))) {
      assertThat(chat(talk, server, "--receipt")).as("%s", err).isZero();
    }

    assertThat(out.toString().lines()).containsExactly("One.", "Two.");
    assertThat(err.toString())
        .contains("nothing was sent yet", "nothing was said yet", "/reset", "ended by EOS")
        .contains("tokens/s", "bytes up", "server      scripted")
        .doesNotContain("Be brief", "What?");
  }

  @Test
  void wrapsOneMessageForGenerate() throws IOException {
    try (ScriptedServer server = ScriptedServer.start(answers("Paris."))) {
      int code =
          run(
              "generate",
              "--chat",
              "--json",
              "--bundle",
              bundle,
              "--server",
              server.address(),
              "Hm");
      assertThat(code).as("%s", err).isZero();
    }
    JsonNode answer = new ObjectMapper().readTree(out.toString());
    int prompt = TOKENIZER.encodeWritten("<s>user\nHm</s>\n<s>assistant\n").length;
    assertThat(answer.get("text").asText()).isEqualTo("Paris.");
    assertThat(answer.at("/receipt/positions").asInt())
        .isEqualTo(prompt + answer.get("token_ids").size());
  }

  @Test
  void refusesUnknownCommandsAndWhatIsNotUtf8() throws IOException {
    try (ScriptedServer server = ScriptedServer.start(answers())) {
      assertThat(chat("/what\n", server)).isEqualTo(2);
      assertThat(err.toString()).contains("there is no command /what");
    }
  }

  @Test
  void refusesABundleWithoutATemplate() throws IOException {
    String bare = TinyLlama.split(folder.resolve("bare"), null).toString();
    assertThat(run("chat", "--bundle", bare)).isEqualTo(2);
    assertThat(err.toString()).contains("no chat template");
  }

  @Test
  void refusesAnEncoderDecoderModel() {
    String notes = Fixtures.split("t5-v1.0-tied-relu", folder).toString();
    assertThat(run("chat", "--bundle", notes)).isNotZero();
    assertThat(err.toString()).contains("decoder-only");
  }

  @Test
  void saysWhenThereIsNoServer() {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream("Hi\n".getBytes(StandardCharsets.UTF_8)));
    try {
      assertThat(run("chat", "--bundle", bundle, "--server", "127.0.0.1:1")).isEqualTo(1);
    } finally {
      System.setIn(before);
    }
    assertThat(err.toString()).contains("127.0.0.1:1");
  }

  /** A server that answers each turn of one session with these texts. */
  private static ScriptedServer.Script answers(String... texts) {
    return exchange -> {
      if (texts.length == 0) {
        return;
      }
      exchange.open(64);
      for (String text : texts) {
        play(exchange, ids(text));
      }
    };
  }

  private static void play(Exchange exchange, List<Integer> ids) throws InterruptedException {
    Uplink message = exchange.next();
    while (message instanceof Uplink.Hidden) {
      message = exchange.next();
    }
    int position = ((Uplink.EndOfPrompt) message).positions() - 1;
    exchange.sampled(position, ids.getFirst());
    for (int id : ids.subList(1, ids.size())) {
      exchange.expect(Uplink.Step.class);
      exchange.sampled(++position, id);
    }
  }

  private static List<Integer> ids(String text) {
    List<Integer> ids =
        new ArrayList<>(Arrays.stream(TOKENIZER.encodeWritten(text)).boxed().toList());
    ids.add(END);
    return ids;
  }

  private List<JsonNode> lines() {
    return out.toString().lines().map(ChatCommandTest::json).toList();
  }

  private static JsonNode json(String line) {
    try {
      return new ObjectMapper().readTree(line);
    } catch (IOException e) {
      throw new AssertionError(line, e);
    }
  }

  private int chat(String talk, ScriptedServer server, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("chat", "--bundle", bundle, "--server", server.address()));
    arguments.addAll(List.of(more));
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(talk.getBytes(StandardCharsets.UTF_8)));
    try {
      return run(arguments.toArray(String[]::new));
    } finally {
      System.setIn(before);
    }
  }

  private int run(String... arguments) {
    return Main.run(arguments, new PrintWriter(out, true), new PrintWriter(err, true));
  }
}
