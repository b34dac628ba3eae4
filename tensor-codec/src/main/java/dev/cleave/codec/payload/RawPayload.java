package dev.cleave.codec.payload;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * The payload of the RAW modes: positions x width elements, row by row, nothing between. NaN and
 * infinities travel as they are.
 */
public final class RawPayload implements PayloadCodec {
  /** The type of the elements. */
  public enum Element {
    /** IEEE 754 binary32. */
    F32(Float.BYTES),
    /** IEEE 754 binary16. */
    F16(Short.BYTES),
    /** bfloat16. */
    BF16(Short.BYTES);

    private final int bytes;

    Element(int bytes) {
      this.bytes = bytes;
    }

    /** Size of one. */
    public int bytes() {
      return bytes;
    }
  }

  private final Element element;
  private final int width;
  private final FloatView view = new FloatView();

  /** Rows of {@code width} elements. */
  public RawPayload(Element element, int width) {
    this.element = element;
    this.width = width;
  }

  @Override
  public long minBytes(int positions) {
    return (long) positions * width * element.bytes();
  }

  @Override
  public long maxBytes(int positions) {
    return minBytes(positions);
  }

  @Override
  public int encode(FloatBuffer values, int at, int positions, ByteBuffer out, int offset) {
    int elements = positions * width;
    if (element == Element.F32) {
      view.of(out, offset).put(FloatView.index(offset), values, at, elements);
      return elements * Float.BYTES;
    }
    for (int i = 0; i < elements; i++) {
      float value = values.get(at + i);
      short half = element == Element.F16 ? Float.floatToFloat16(value) : toBfloat16(value);
      if (Float.isFinite(value) && !Float.isFinite(toFloat(half))) {
        // Sent as infinity it would be refused by the receiver, far from its cause.
        throw new IllegalArgumentException(
            "element %d is beyond the range of RAW_%s: use RAW_F32 or INT8".formatted(i, element));
      }
      out.putShort(offset + i * Short.BYTES, half);
    }
    return elements * Short.BYTES;
  }

  @Override
  public void decode(Payload in, FloatBuffer out, int at) {
    ByteBuffer bytes = in.buffer();
    int elements = in.positions() * width;
    if (element == Element.F32) {
      out.put(at, view.of(bytes, in.offset()), FloatView.index(in.offset()), elements);
      return;
    }
    for (int i = 0; i < elements; i++) {
      out.put(at + i, toFloat(bytes.getShort(in.offset() + i * Short.BYTES)));
    }
  }

  /** Round half even; a NaN stays one, made quiet so that it cannot round to infinity. */
  public static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
  }

  private float toFloat(short half) {
    return element == Element.F16 ? Float.float16ToFloat(half) : Float.intBitsToFloat(half << 16);
  }
}
