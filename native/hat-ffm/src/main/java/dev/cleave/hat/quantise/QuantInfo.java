package dev.cleave.hat.quantise;

/**
 * How integers stand for real values: {@code real = (stored - zeroPoint) * scale}. As the vendor
 * gives it (hailo_quant_info_t, HailoRT 5.2).
 *
 * @param scale 0 with a zero point of 0: quantised per feature, which nothing here can do
 * @param limitLow smallest real value, to which others are clipped
 * @param limitHigh largest; both limits are ignored where the quantisation is the identity
 */
public record QuantInfo(float scale, float zeroPoint, float limitLow, float limitHigh) {
  /** Stored integers are the real values. */
  public static final QuantInfo IDENTITY = new QuantInfo(1, 0, 0, 0);

  /** Whether nothing is to be computed. */
  public boolean identity() {
    return scale == 1 && zeroPoint == 0;
  }

  /** Whether every feature has parameters of its own, which are not here. */
  public boolean perFeature() {
    return scale == 0;
  }
}
