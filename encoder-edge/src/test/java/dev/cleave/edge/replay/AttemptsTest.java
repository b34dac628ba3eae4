package dev.cleave.edge.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What a kept session that lost its server blames. */
class AttemptsTest {
  private final CleaveException gone =
      CleaveException.fatal(Code.LINK, "the server is gone", "start it");

  @Test
  void bytesAreBlamedWhereSomeAreKept() {
    assertThat(attempts(Recovery.defaults().withBytes(1000, 0)).keptTooLittle(gone))
        .hasMessageContaining("1,000 bytes")
        .hasMessageContaining("--keep-bytes")
        .hasMessageContaining("the server is gone");
  }

  @Test
  void retriesAreBlamedWhereThereAreNone() {
    assertThat(attempts(Recovery.none()).keptTooLittle(gone))
        .hasMessageContaining("--retries 0")
        .hasMessageNotContaining("--keep-bytes");
  }

  private static Attempts attempts(Recovery recovery) {
    return new Attempts(recovery, Backoff.usual(new Random(1)), () -> 1, 0);
  }
}
