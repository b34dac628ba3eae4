package dev.cleave.bench.codec;

import dev.cleave.codec.CodecMode;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.rate.RateTarget;
import dev.cleave.codec.synthetic.OutlierSource;
import dev.cleave.lab.measure.BlockQuantiser;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Rate and distortion on synthetic states with outliers, beside the bound that no code can pass and
 * what is usual. Every rate includes headers. Distortion is channel-normalised.
 */
public final class RateTable {
  private static final int WIDTH = OutlierSource.USUAL_WIDTH;
  private static final int TEXTS = 4;
  private static final int POSITIONS = 256;
  private static final int POSITIONS_PER_FRAME = 64;

  private final OutlierSource source = new OutlierSource(WIDTH, 1);
  private final Profile profile = BenchStream.fitted(source);
  private final List<float[]> texts = new ArrayList<>();

  private RateTable() {
    for (int text = 0; text < TEXTS; text++) {
      texts.add(source.text(100 + text, POSITIONS));
    }
  }

  /** Measures and prints to standard output. */
  public static void print() {
    RateTable table = new RateTable();
    System.out.printf(
        "%nRate and distortion: synthetic states with outliers, d = %d, %d texts of %d positions,"
            + " frames of %d%n",
        WIDTH, TEXTS, POSITIONS, POSITIONS_PER_FRAME);
    table.rates(32, Goal.atMost(0.27));
    table.rates(33, Goal.atMost(0.15));
    table.fixed(16, Goal.atMost(-41));
    table.fixed(17, Goal.atMost(-19.5));
    table.blocks(new BlockQuantiser(8));
    table.blocks(new BlockQuantiser(4));
    table.lossless(8, Float.BYTES, 27.0);
    table.lossless(9, Short.BYTES, 10.9);
  }

  private void rates(int wireNumber, Goal goal) {
    Optional<CodecMode> mode = CodecMode.ofWireNumber(wireNumber);
    if (mode.isEmpty()) {
      return;
    }
    for (int bits = 2; bits <= 6; bits++) {
      RateTarget target = new RateTarget.BitsPerElement(1000 * bits);
      StreamSpec spec = new StreamSpec(mode.get(), WIDTH, target);
      rate(mode.get() + " at " + bits, measure(spec, profile, POSITIONS_PER_FRAME), goal);
    }
    RateTarget constant = new RateTarget.BytesPerPosition(3 * WIDTH / 8);
    StreamSpec spec = new StreamSpec(mode.get(), WIDTH, constant);
    Measured single = measure(spec, profile, 1);
    System.out.println(
        single.line(mode.get() + " at 3, frames of 1")
            + String.format(
                Locale.ROOT, "  bound %5.3f  gap %.3f", single.bound, single.bits - single.bound));
  }

  private static void rate(String what, Measured it, Goal goal) {
    double gap = it.bits - it.bound;
    System.out.println(
        it.line(what)
            + String.format(
                Locale.ROOT, "  bound %5.3f  gap %.3f  %s", it.bound, gap, goal.verdict(gap)));
  }

  private void fixed(int wireNumber, Goal goal) {
    Optional<CodecMode> mode = CodecMode.ofWireNumber(wireNumber);
    if (mode.isPresent()) {
      Measured with = measure(new StreamSpec(mode.get(), WIDTH), profile);
      System.out.println(with.line(mode.get().toString()) + "  " + goal.verdict(with.decibels));
      Measured without = measure(new StreamSpec(mode.get(), WIDTH), null);
      System.out.println(without.line(mode.get() + " without profile"));
    }
  }

  private void blocks(BlockQuantiser quantiser) {
    Distortion distortion = new Distortion(source.deviations());
    for (float[] text : texts) {
      distortion.add(text, quantiser.roundTrip(text, WIDTH));
    }
    Measured it =
        new Measured(quantiser.bitsPerElement(), distortion.decibels(), distortion.bound());
    System.out.println(it.line("int" + quantiser.bits() + " in blocks of 64, f16 scales"));
  }

  private void lossless(int wireNumber, int elementBytes, double most) {
    Optional<CodecMode> mode = CodecMode.ofWireNumber(wireNumber);
    if (mode.isEmpty()) {
      return;
    }
    double bits = measure(new StreamSpec(mode.get(), WIDTH), null).bits;
    double shuffled = 0;
    double plain = 0;
    for (float[] text : texts) {
      byte[] bytes = BytePlanes.bytes(text, elementBytes);
      plain += BytePlanes.zstdBits(bytes, elementBytes) / TEXTS;
      shuffled +=
          BytePlanes.zstdBits(BytePlanes.shuffled(bytes, elementBytes), elementBytes) / TEXTS;
    }
    System.out.printf(
        Locale.ROOT,
        "%-34s %6.3f bits  %s%n%-34s %6.3f bits in byte planes, %.3f as they are; ours below: %s%n",
        mode.get(),
        bits,
        Goal.atMost(most).verdict(bits),
        "  zstd-" + BytePlanes.LEVEL,
        shuffled,
        plain,
        Goal.atMost(shuffled).verdict(bits));
  }

  private Measured measure(StreamSpec spec, @Nullable Profile used) {
    return measure(spec, used, POSITIONS_PER_FRAME);
  }

  private Measured measure(StreamSpec spec, @Nullable Profile used, int positionsPerFrame) {
    Coding coding = new Coding(used == null ? spec : spec.withProfile(used), used);
    Distortion distortion = new Distortion(source.deviations());
    for (float[] text : texts) {
      distortion.add(text, coding.roundTrip(text, positionsPerFrame));
    }
    return new Measured(coding.bitsPerElement(), distortion.decibels(), distortion.bound());
  }

  private record Measured(double bits, double decibels, double bound) {
    String line(String what) {
      return String.format(Locale.ROOT, "%-34s %6.3f bits  %7.2f dB", what, bits, decibels);
    }
  }
}
