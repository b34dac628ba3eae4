package dev.cleave.bench.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.bench.chaos.figures.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The short form of {@code ./cleave bench chaos}: what must hold holds. Times and ratios are for
 * quiet machines and fail nothing.
 */
class ChaosTest {
  private static final long SEED = 1;

  @TempDir private static Path work;

  @Test
  void killedServersLoseNoToken() throws IOException, InterruptedException {
    held(KillsCase::run);
  }

  @Test
  void killedClientsGoOnInAnotherProcess() throws IOException, InterruptedException {
    held(ResumeCase::run);
  }

  @Test
  void drainsAreNotNoticed() throws IOException, InterruptedException {
    held(DrainCase::run);
  }

  @Test
  void soakHoldsAnswersRight() throws IOException, InterruptedException {
    held(SoakCase::run);
  }

  @Test
  void brokenLinksEndInTheRightTextOrAStatus() throws IOException, InterruptedException {
    held(LinkCase::run);
  }

  @Test
  void hostileClientsLeaveTheServerUpAndItsMemoryBounded()
      throws IOException, InterruptedException {
    held(HostileCase::run);
  }

  @Test
  void strangersAreRefused() throws IOException, InterruptedException {
    held(StrangersCase::run);
  }

  /** A case of this run. */
  private interface Case {
    void run(Setting setting) throws IOException, InterruptedException;
  }

  private static void held(Case chaos) throws IOException, InterruptedException {
    Setting setting = Setting.of(work, SEED, Setting.Extent.SHORT);
    chaos.run(setting);
    assertThat(setting.report().failures()).isEmpty();
    assertThat(setting.report().rows())
        .isNotEmpty()
        .noneMatch(row -> row.verdict() == Verdict.BROKEN);
  }
}
