package dev.cleave.server.sampling;

/**
 * A counter-based generator: the draw for a position is a pure function of (seed, position), so a
 * generation that is replayed from any position continues with the same draws.
 *
 * <p>SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA
 * 2014): state {@code s + (n + 1) * gamma} through the variant-13 mixer. The seed goes through the
 * mixer once before, since seeds that differ by gamma would otherwise give shifted copies of one
 * stream.
 */
final class CounterRandom {

  private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;
  private static final double TWO_TO_MINUS_53 = 0x1.0p-53;

  private CounterRandom() {}

  /** A draw in [0, 1) with 53 random bits. */
  static double uniform(long seed, long position) {
    return (bits(seed, position) >>> 11) * TWO_TO_MINUS_53;
  }

  static long bits(long seed, long position) {
    return mix(mix(seed) + (position + 1) * GOLDEN_GAMMA);
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
