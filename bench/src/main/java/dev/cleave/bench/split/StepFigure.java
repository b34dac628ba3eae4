package dev.cleave.bench.split;

import dev.cleave.bench.codec.Goal;
import dev.cleave.bench.measure.CopyRate;
import dev.cleave.bench.measure.Ratio;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.UpperJson;
import dev.cleave.split.block.UpperSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.torch.WeightPrecision;
import java.util.List;
import java.util.Locale;

/**
 * A decode step of the server half for one session, which must read all weights once, against what
 * copying that many bytes takes on this machine in the same run.
 */
final class StepFigure {
  private static final int ROUNDS = 15;
  private static final int WARM_UP_ROUNDS = 2;
  private static final int STEPS = 4;
  private static final int CHUNK = 64;

  private StepFigure() {}

  static void run(Conditions it) throws InterruptedException {
    UpperSpec spec = UpperJson.read(Bundle.open(it.bundle(), Half.SERVER).file("upper.json"));
    long weights = 0;
    for (CanonicalTensors.Tensor tensor : CanonicalTensors.ofUpper(spec)) {
      weights += tensor.elements();
    }
    int[] prompt = it.model().anyIds(CHUNK);
    try (CopyRate memory = new CopyRate(it.threads())) {
      for (WeightPrecision precision :
          List.of(WeightPrecision.F32, WeightPrecision.BF16, WeightPrecision.INT8)) {
        try (Halves halves = Halves.open(it, precision)) {
          measure(it, memory, halves, prompt, precision, weights * precision.bytes());
        }
      }
    }
  }

  private static void measure(
      Conditions it,
      CopyRate memory,
      Halves halves,
      int[] prompt,
      WeightPrecision precision,
      long bytes)
      throws InterruptedException {
    Ratio copied = new Ratio("weights", "GB/s");
    Ratio read = new Ratio("weights", "GB/s");
    halves.lowerSeconds(prompt, CHUNK);
    for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      double copy = memory.copiedBytesPerSecond() / 1e9;
      double reading = memory.readBytesPerSecond() / 1e9;
      double seconds = halves.stepSeconds(prompt.length, STEPS);
      if (round >= 0) {
        double rate = bytes / seconds / 1e9;
        copied.round(rate, copy);
        read.round(rate, reading);
      }
    }
    String name = precision.name().toLowerCase(Locale.ROOT);
    String detail =
        String.format(
            Locale.ROOT,
            "%.0f MB in %.1f ms; %s",
            bytes / 1e6,
            bytes / copied.ours() / 1e6,
            copied.sides("step", "copy"));
    String what = "split-step " + name + ", of copied bytes/s";
    if (precision == WeightPrecision.INT8) {
      it.figures().add(what, copied.ratio(), detail);
    } else {
      it.figures().add(what, copied.ratio(), Goal.atLeast(0.7), detail);
    }
    it.figures()
        .add("split-step " + name + ", of read bytes/s", read.ratio(), read.sides("step", "read"));
  }
}
