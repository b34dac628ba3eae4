package dev.cleave.bench.codec;

import com.github.luben.zstd.Zstd;
import dev.cleave.codec.payload.RawPayload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The strongest plain alternative to LOSSLESS: zstd over the bytes of one significance each. */
final class BytePlanes {
  static final int LEVEL = 3;

  private BytePlanes() {}

  /** Little-endian bytes of elements of a size, one after the other. */
  static byte[] bytes(float[] values, int elementBytes) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * elementBytes).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      if (elementBytes == Float.BYTES) {
        bytes.putFloat(value);
      } else {
        bytes.putShort(RawPayload.toBfloat16(value));
      }
    }
    return bytes.array();
  }

  /** All first bytes, then all second ones, and so on. */
  static byte[] shuffled(byte[] bytes, int elementBytes) {
    byte[] planes = new byte[bytes.length];
    int elements = bytes.length / elementBytes;
    for (int i = 0; i < bytes.length; i++) {
      planes[i % elementBytes * elements + i / elementBytes] = bytes[i];
    }
    return planes;
  }

  /** Bits that zstd takes for each element. */
  static double zstdBits(byte[] bytes, int elementBytes) {
    return 8.0 * Zstd.compress(bytes, LEVEL).length * elementBytes / bytes.length;
  }
}
