package dev.cleave.lab.half;

import dev.cleave.server.upper.ForcedUpper;
import dev.cleave.split.bundle.Bundle;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;

/** Upper layers that read a text whose lower layers were computed on the device. */
final class ForcedTexts implements ForcedModel {
  private final ForcedUpper upper;

  private ForcedTexts(ForcedUpper upper) {
    this.upper = upper;
  }

  static ForcedTexts open(Bundle half, int threads) {
    return new ForcedTexts(ForcedUpper.open(half, threads));
  }

  @Override
  public int vocabulary() {
    return upper.spec().head().vocabulary();
  }

  @Override
  public Asked asked(Sample sample, int[] answer) {
    return Asked.of(sample);
  }

  @Override
  public FloatBuffer logits(List<Asked> rows) {
    if (rows.size() == 1) {
      return logits(rows.getFirst());
    }
    int each = Math.multiplyExact(ForcedModel.mostCount(rows), vocabulary());
    FloatBuffer all = FloatBuffer.allocate(Math.multiplyExact(rows.size(), each));
    for (int r = 0; r < rows.size(); r++) {
      FloatBuffer own = logits(rows.get(r));
      all.put(r * each, own, 0, own.capacity());
    }
    return all;
  }

  private FloatBuffer logits(Asked row) {
    Sample sample = row.sample();
    return upper.logits(FloatBuffer.wrap(sample.states()), sample.positions(), places(row));
  }

  @Override
  public FloatBuffer gradient(List<Asked> rows, List<int[]> targets) {
    int most = rows.stream().mapToInt(row -> row.sample().positions()).max().orElseThrow();
    int each = Math.multiplyExact(most, upper.spec().width());
    FloatBuffer all = FloatBuffer.allocate(Math.multiplyExact(rows.size(), each));
    for (int r = 0; r < rows.size(); r++) {
      Asked row = rows.get(r);
      Sample sample = row.sample();
      FloatBuffer states = FloatBuffer.wrap(sample.states());
      FloatBuffer own = upper.gradient(states, sample.positions(), places(row), targets.get(r));
      all.put(r * each, own, 0, own.capacity());
    }
    return all;
  }

  private static int[] places(Asked row) {
    return IntStream.range(row.first(), row.sample().positions()).toArray();
  }

  @Override
  public void close() {
    upper.close();
  }
}
