package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.edge.CausalSession;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.SessionOptions;
import dev.cleave.edge.codec.CodecChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What crosses the network during two turns of a causal session, with drafts that are words of the
 * prompt, holds neither prompt nor token ids. That the search would find them is shown in {@link
 * EgressTest}.
 */
class CausalEgressTest {
  private static final String FIRST =
      "Patient Maria Keller, 67 years old, chest pain. Repeat: chest pain. Repeat: chest pain.";
  private static final String SECOND = " Allergic to penicillin; allergic to penicillin.";

  @TempDir static Path work;
  private static Path bundle = Path.of("");
  private static @Nullable ServerProcess server;

  @BeforeAll
  static void serve() throws IOException {
    bundle = Bundles.fixture("llama3-rope-untied-bf16-sharded", work, 2);
    server = ServerProcess.start(bundle, "--max-sessions", "8", "--log-level", "trace");
  }

  @AfterAll
  static void stop() throws IOException {
    if (server != null) {
      server.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"raw", "f16", "bf16", "lossless", "int8", "int4", "rate:3"})
  void neitherPromptNorTokenIdsCross(String codec) throws IOException {
    GenerateOptions options =
        GenerateOptions.defaults()
            .withCodec(CodecChoice.parse(codec))
            .withMaxNewTokens(20)
            .withDrafts(6)
            .ignoringEos();
    ServerProcess running = Objects.requireNonNull(server);
    try (RecordingProxy proxy = RecordingProxy.start(running.port());
        CleaveClient client = CleaveClient.open(bundle, proxy.address());
        CausalSession session = client.openSession(SessionOptions.defaults())) {
      long frames = 0;
      for (String said : new String[] {FIRST, SECOND}) {
        try (Generation answer = session.generate(client.tokenize(said), options)) {
          answer.forEach(piece -> {});
          assertThat(answer.tokenIds()).hasSize(20);
          frames += answer.receipt().sent().frameBytes();
        }
      }
      byte[] sent = proxy.sent();
      assertThat(sent.length).isGreaterThan((int) frames);
      for (String said : new String[] {FIRST, SECOND}) {
        int[] ids = client.tokenize(said);
        assertThat(Leaks.find(sent, said, ids)).isEmpty();
        assertThat(Leaks.find(proxy.received(), said, ids)).isEmpty();
        assertThat(running.log()).doesNotContain(said.strip().substring(0, 12));
      }
    }
  }
}
