package dev.cleave.lab.half;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.lab.Bundles;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SelfWritingTest {
  private static final int POSITIONS = 24;

  @TempDir Path folder;

  @Test
  void writesTheSameTextsForTheSameSeedHoweverMany() {
    Path root = Bundles.causal(folder);
    Bundle server = Bundle.open(root, Half.SERVER);
    try (DeviceHalf device = DeviceHalf.open(Bundle.open(root, Half.DEVICE), 1)) {
      List<int[]> few = texts(device, server, 3, 7);
      // more than stand side by side
      List<int[]> many = texts(device, server, 35, 7);
      assertThat(many).hasSize(35).allSatisfy(ids -> assertThat(ids).hasSize(POSITIONS));
      for (int n = 0; n < few.size(); n++) {
        assertThat(many.get(n)).as("text %d", n).isEqualTo(few.get(n));
      }
      // each begins and goes on in its own way
      assertThat(many.stream().map(Arrays::toString).distinct()).hasSize(35);
      assertThat(texts(device, server, 3, 8).getFirst()).isNotEqualTo(few.getFirst());
    }
  }

  private static List<int[]> texts(DeviceHalf device, Bundle server, int count, long seed) {
    return SelfWriting.texts(
        device, server, new SelfWriting.Plan(count, POSITIONS, seed), LabProgress.NONE);
  }
}
