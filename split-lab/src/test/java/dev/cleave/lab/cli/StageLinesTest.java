package dev.cleave.lab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StageLinesTest {
  private final StringWriter out = new StringWriter();
  private long millis;
  private final StageLines lines =
      new StageLines(new PrintWriter(out), () -> TimeUnit.MILLISECONDS.toNanos(millis));

  @Test
  void saysNothingOfWhatIsQuick() {
    for (int n = 1; n <= 5; n++) {
      millis += 300;
      lines.at("stage " + n, 1, 1);
    }
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void namesALongStageEveryTwoSeconds() {
    for (int n = 1; n <= 100; n++) {
      millis += 100;
      lines.at("encoding texts", n, 100);
    }
    assertThat(out.toString().lines())
        .hasSize(5)
        .first()
        .asString()
        .matches("encoding texts: \\d+ of 100");
  }
}
