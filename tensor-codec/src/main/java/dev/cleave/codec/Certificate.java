package dev.cleave.codec;

import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * How near a stream came to what is possible. All numbers are finite, and null where there is none.
 *
 * <p>The bound is the rate-distortion function, by reverse water-filling, of a Gaussian source
 * whose coordinates are independent, have the variances of the profile and are coded at the
 * measured distortion: no code for such a source needs fewer bits per element. Without a profile
 * the variances are those of the stream's own channels. A real stream is not that source: its
 * tails, what its tokens have in common, and correlations that the profile's basis leaves let it
 * lie below the bound, and a text unlike the calibration's above it.
 *
 * @param positions coded so far
 * @param bitsPerElement of whole frames, with headers; 0 before the first
 * @param distortionDb mean of (x - x')^2 / deviation^2 over all elements, in dB; null when nothing
 *     was lost, or when what was lost has no finite size
 * @param weightedDistortionDb mean square of the error in the profile's coordinates, in dB, where
 *     they are {@link dev.cleave.codec.profile.BasisKind#FISHER weighted}: then the bound is one at
 *     this distortion; null with every other basis
 * @param boundBitsPerElement see above; null when there is no distortion, and so no finite bound
 */
public record Certificate(
    long positions,
    double bitsPerElement,
    @Nullable Double distortionDb,
    @Nullable Double weightedDistortionDb,
    @Nullable Double boundBitsPerElement) {

  /** Bits per element above the bound, below 0 under it; empty without a bound. */
  public OptionalDouble gap() {
    return boundBitsPerElement == null
        ? OptionalDouble.empty()
        : OptionalDouble.of(bitsPerElement - boundBitsPerElement);
  }
}
