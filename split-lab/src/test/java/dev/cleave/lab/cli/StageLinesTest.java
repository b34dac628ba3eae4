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
  void namesALongStageAfterTwoSecondsAndEveryFive() {
    for (int n = 0; n <= 100; n++) {
      lines.at("encoding texts", n, 100);
      millis += 100;
    }
    assertThat(out.toString().lines())
        .containsExactly("encoding texts: 20 of 100", "encoding texts: 70 of 100");
  }
}
