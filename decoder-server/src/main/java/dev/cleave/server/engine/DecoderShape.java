package dev.cleave.server.engine;

/**
 * The fixed sizes of one opened {@link DecoderEngine}: what admission and validation go by.
 * Immutable.
 *
 * @param width elements per position of the boundary tensor
 * @param vocabulary entries of one row of logits
 * @param slots sessions whose KV the engine can hold at once
 * @param maxSource the most prompt positions a slot holds
 * @param maxNewTokens the most tokens a slot can generate
 * @param kvBytesPerSlot bytes of self- and cross-attention KV that one slot occupies
 * @param device {@code cpu} or {@code cuda:N}
 * @param precision of the weights: {@code f32} or {@code bf16}
 */
public record DecoderShape(
    int width,
    int vocabulary,
    int slots,
    int maxSource,
    int maxNewTokens,
    long kvBytesPerSlot,
    String device,
    String precision) {

  public DecoderShape {
    requirePositive("width", width);
    requirePositive("vocabulary", vocabulary);
    requirePositive("slots", slots);
    requirePositive("maxSource", maxSource);
    requirePositive("maxNewTokens", maxNewTokens);
    requirePositive("kvBytesPerSlot", kvBytesPerSlot);
    if (device.isBlank() || precision.isBlank()) {
      throw new IllegalArgumentException("device and precision must be named");
    }
  }

  private static void requirePositive(String name, long value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " must be positive, got " + value);
    }
  }
}
