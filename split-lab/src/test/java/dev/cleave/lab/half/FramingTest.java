package dev.cleave.lab.half;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FramingTest {
  @Test
  void sendsAnUploadInFramesOfOneSize() {
    assertThat(frames(Framing.ofUpload(300), 300)).containsExactly(128, 128, 44);
    assertThat(frames(Framing.ofUpload(1), 1)).containsExactly(1);
  }

  @Test
  void sendsASessionInGrowingChunksAndThenSteps() {
    assertThat(frames(Framing.ofSession(200), 203)).containsExactly(16, 32, 64, 64, 24, 1, 1, 1);
    assertThat(frames(Framing.ofSession(48), 50)).containsExactly(16, 32, 1, 1);
    assertThat(frames(Framing.ofSession(3), 5)).containsExactly(3, 1, 1);
  }

  @Test
  void refusesFramesThatShrink() {
    assertThatThrownBy(() -> new Framing(16, 8, 1)).hasMessageContaining("16, 8, 1");
  }

  private static List<Integer> frames(Framing framing, int positions) {
    List<Integer> frames = new ArrayList<>();
    for (int at = 0; at < positions; at += frames.getLast()) {
      frames.add(framing.frameAt(at));
    }
    return frames;
  }
}
