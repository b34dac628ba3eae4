package dev.cleave.codec.payload;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * The floats of a byte buffer, little endian, kept for as long as the same buffer comes: making a
 * view for each frame would be garbage, and byte buffers copy no floats without one. Confined to
 * one thread.
 */
final class FloatView {
  private ByteBuffer viewed = ByteBuffer.allocate(0);
  private int shift;
  private FloatBuffer floats = viewed.asFloatBuffer();

  /** A view in which {@code offset} is at {@link #index}. */
  @SuppressWarnings("ReferenceEquality") // another buffer of equal bytes is not meant
  FloatBuffer of(ByteBuffer buffer, int offset) {
    if (buffer != viewed || offset % Float.BYTES != shift) {
      shift = offset % Float.BYTES;
      viewed = buffer;
      floats =
          buffer.duplicate().clear().position(shift).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }
    return floats;
  }

  /** Where in the view a byte offset lies. */
  static int index(int offset) {
    return offset / Float.BYTES;
  }
}
