package dev.cleave.bench.codec;

import dev.cleave.codec.CertificateMeter;
import dev.cleave.codec.profile.Profile;
import dev.cleave.lab.half.Sample;
import dev.cleave.lab.measure.BlockQuantiser;
import dev.cleave.lab.measure.Codec;
import dev.cleave.lab.measure.CodingEffect;
import dev.cleave.lab.measure.Judge;
import dev.cleave.lab.measure.StreamCoding;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/** What a codec costs on a model's states, and what it does to the next token. */
final class StatesMeter {
  /** Above {@link Figures#line}. */
  static final String HEAD =
      "%-34s %8s %8s %9s %9s".formatted("", "bits/el", "bound", "KL nats", "agree");

  private final Judge judge;
  private final List<Sample> samples;
  private final Profile profile;

  /**
   * One codec's.
   *
   * @param bits an element, headers included
   * @param bound that of the distortion reached, for independent coordinates of the profile; not a
   *     number where nothing is lost
   * @param kl of the next token's distribution
   * @param agreement of the likeliest token
   */
  record Figures(double bits, double bound, double kl, double agreement) {
    Figures withBits(double other) {
      return new Figures(other, bound, kl, agreement);
    }

    String line(String name) {
      return String.format(
          Locale.ROOT,
          "%-34s %8.3f %8s %9.5f %9.4f",
          name,
          bits,
          Double.isNaN(bound) ? "-" : String.format(Locale.ROOT, "%.3f", bound),
          kl,
          agreement);
    }
  }

  StatesMeter(Judge judge, List<Sample> samples, Profile profile) {
    this.judge = judge;
    this.samples = samples;
    this.profile = profile;
  }

  /** Of frames as a session sends them. */
  Figures figures(String name, Codec codec) {
    System.err.println("measuring " + name + " ...");
    CodingEffect effect = judge.effect(codec);
    StreamCoding coding = new StreamCoding(codec.spec(), codec.profile());
    return figures(effect, bound(coding::sent));
  }

  /** Of blocks with a scale each. */
  Figures figures(String name, BlockQuantiser quantiser) {
    System.err.println("measuring " + name + " ...");
    UnaryOperator<Sample> arriving = arriving(quantiser);
    return figures(judge.effect(arriving, quantiser.bitsPerElement()), bound(arriving));
  }

  /** What arrives through blocks. */
  UnaryOperator<Sample> arriving(BlockQuantiser quantiser) {
    return sample -> sample.withStates(quantiser.roundTrip(sample.states(), profile.width()));
  }

  private static Figures figures(CodingEffect effect, double bound) {
    return new Figures(effect.bitsPerElement(), bound, effect.kl(), effect.agreement());
  }

  /** Bits that are the least for independent coordinates of the profile at this distortion. */
  private double bound(UnaryOperator<Sample> arriving) {
    CertificateMeter meter = CertificateMeter.of(profile);
    for (Sample sample : samples) {
      meter.add(
          FloatBuffer.wrap(sample.states()),
          FloatBuffer.wrap(arriving.apply(sample).states()),
          sample.positions(),
          0);
    }
    Double bound = meter.certificate().boundBitsPerElement();
    return bound == null ? Double.NaN : bound;
  }
}
