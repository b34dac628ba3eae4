package dev.cleave.codec.profile;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/**
 * A profile as bytes. Little endian; n is the width, m is n for a diagonal basis and n n for a full
 * one, s the number of shapes.
 *
 * <pre>
 * byte 0                         8     9       10       11         12        16
 *      +-------------------------+-----+-------+--------+----------+---------+
 *    0 | magic "CLVPROF", zero   | ver | flags | shapes | reserved | width n |
 *      +-------------------------+-----+-------+--------+----------+---------+
 *   16 | sign seed, i64          | reserved, zero                            |
 *      +-------------------------+-------------------------------------------+
 *   32 | means          f32 [n]                                              |
 *      | deviations     f32 [n], above 0                                     |
 *      | sigma          f32 [n], above 0                                     |
 *      | forward        f32 [m]                                              |
 *      | inverse        f32 [m]                                              |
 *      | shape indices  u8 [n], below s                                      |
 *      | zeros up to the next multiple of 4                                  |
 *      | shape masses   i32 [s, 1024], each row 2^24 in all                  |
 *      +---------------------------------------------------------------------+
 *      | hash: the first 16 bytes of the SHA-256 of everything before        |
 *      +---------------------------------------------------------------------+
 * </pre>
 *
 * Flags: bit 0 the basis is full, bit 1 weighted (only with bit 0), bit 2 rows have a gain. There
 * is one way to write a profile, so its hash names it.
 */
final class ProfileFile {
  static final int MAGIC_OFFSET = 0;
  static final int VERSION_OFFSET = 8;
  static final int FLAGS_OFFSET = 9;
  static final int SHAPES_OFFSET = 10;
  static final int RESERVED_OFFSET = 11;
  static final int WIDTH_OFFSET = 12;
  static final int SIGN_SEED_OFFSET = 16;
  static final int RESERVED_LONG_OFFSET = 24;
  static final int MEANS_OFFSET = 32;

  /** "CLVPROF" and a zero, read as a little-endian long. */
  static final long MAGIC = 0x00464F5250564C43L;

  static final int VERSION = 1;
  static final int FULL_FLAG = 1;
  static final int WEIGHTED_FLAG = 2;
  static final int GAIN_FLAG = 4;

  private final ByteBuffer bytes;
  private final int base;
  private int at;

  private ProfileFile(ByteBuffer bytes, int at) {
    this.bytes = bytes;
    this.base = at;
    this.at = at;
  }

  /** Length of the whole file; at most 128.2 MiB with the limits on width. */
  static long bytes(int width, boolean full, int shapes) {
    long factors = full ? (long) width * width : width;
    return MEANS_OFFSET
        + Float.BYTES * (3L * width + 2 * factors)
        + padded(width)
        + (long) Integer.BYTES * Shape.BINS * shapes
        + ProfileHash.BYTES;
  }

  private static int padded(int width) {
    return (width + 3) & ~3;
  }

  static byte[] write(Profile profile) {
    Basis basis = profile.basis();
    int width = profile.width();
    List<Shape> shapes = profile.shapes();
    boolean full = !basis.isDiagonal();
    byte[] array = new byte[(int) bytes(width, full, shapes.size())];
    ByteBuffer out = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
    int flags =
        (full ? FULL_FLAG : 0)
            | (basis.kind() == BasisKind.FISHER ? WEIGHTED_FLAG : 0)
            | (profile.tokenGain() ? GAIN_FLAG : 0);
    out.putLong(MAGIC_OFFSET, MAGIC)
        .put(VERSION_OFFSET, (byte) VERSION)
        .put(FLAGS_OFFSET, (byte) flags)
        .put(SHAPES_OFFSET, (byte) shapes.size())
        .putInt(WIDTH_OFFSET, width)
        .putLong(SIGN_SEED_OFFSET, profile.signSeed());
    out.position(MEANS_OFFSET);
    putFloats(out, profile.channels().means());
    putFloats(out, profile.channels().deviations());
    putFloats(out, basis.sigma());
    putFloats(out, basis.forward());
    putFloats(out, basis.inverse());
    int indices = out.position();
    for (int i = 0; i < width; i++) {
      out.put((byte) basis.shapeOf(i));
    }
    out.position(indices + padded(width));
    for (Shape shape : shapes) {
      int[] masses = shape.masses();
      out.asIntBuffer().put(masses);
      out.position(out.position() + masses.length * Integer.BYTES);
    }
    hashOf(out.duplicate().flip()).write(out, out.position());
    return array;
  }

  private static void putFloats(ByteBuffer out, float[] values) {
    out.asFloatBuffer().put(values);
    out.position(out.position() + values.length * Float.BYTES);
  }

  /** Checks a header and gives the length that it announces; reads {@link #MEANS_OFFSET} bytes. */
  static long announced(ByteBuffer header, int base) {
    if (header.getLong(base + MAGIC_OFFSET) != MAGIC) {
      throw new MalformedProfile(MAGIC_OFFSET, "not a profile");
    }
    int version = Byte.toUnsignedInt(header.get(base + VERSION_OFFSET));
    if (version != VERSION) {
      throw new MalformedProfile(
          VERSION_OFFSET, "version is %d, this reads %d".formatted(version, VERSION));
    }
    int flags = Byte.toUnsignedInt(header.get(base + FLAGS_OFFSET));
    boolean full = (flags & FULL_FLAG) != 0;
    if (flags > (FULL_FLAG | WEIGHTED_FLAG | GAIN_FLAG)
        || (!full && (flags & WEIGHTED_FLAG) != 0)) {
      throw new MalformedProfile(FLAGS_OFFSET, "flags are " + flags);
    }
    int shapes = Byte.toUnsignedInt(header.get(base + SHAPES_OFFSET));
    if (shapes < 1 || shapes > Profile.MAX_SHAPES) {
      throw new MalformedProfile(
          SHAPES_OFFSET, "shapes must be 1 to %d, are %d".formatted(Profile.MAX_SHAPES, shapes));
    }
    if (header.get(base + RESERVED_OFFSET) != 0) {
      throw new MalformedProfile(RESERVED_OFFSET, "reserved byte is not zero");
    }
    int width = header.getInt(base + WIDTH_OFFSET);
    int least = full ? 2 : 1;
    int most = full ? Profile.MAX_FULL_WIDTH : Profile.MAX_WIDTH;
    if (width < least || width > most) {
      throw new MalformedProfile(
          WIDTH_OFFSET, "width must be %d to %d, is %d".formatted(least, most, width));
    }
    if (header.getLong(base + RESERVED_LONG_OFFSET) != 0) {
      throw new MalformedProfile(RESERVED_LONG_OFFSET, "reserved bytes are not zero");
    }
    return bytes(width, full, shapes);
  }

  /** Reads what lies between position and limit and moves nothing. */
  static Profile read(ByteBuffer source) {
    ByteBuffer bytes = source.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    int base = bytes.position();
    if (bytes.remaining() < MEANS_OFFSET) {
      throw new MalformedProfile(bytes.remaining(), "shorter than the header");
    }
    long length = announced(bytes, base);
    if (bytes.remaining() != length) {
      throw new MalformedProfile(
          Math.min(length, bytes.remaining()),
          "has %d bytes, its header announces %d".formatted(bytes.remaining(), length));
    }
    int end = (int) length - ProfileHash.BYTES;
    ProfileHash hash = hashOf(bytes.slice(base, end));
    if (!hash.equals(ProfileHash.read(bytes, base + end))) {
      throw new MalformedProfile(end, "hash differs from the content");
    }
    return new ProfileFile(bytes, base).body(hash);
  }

  private Profile body(ProfileHash hash) {
    int flags = bytes.get(base + FLAGS_OFFSET);
    int shapeCount = bytes.get(base + SHAPES_OFFSET);
    int width = bytes.getInt(base + WIDTH_OFFSET);
    boolean full = (flags & FULL_FLAG) != 0;
    at = base + MEANS_OFFSET;
    float[] means = floats(width, -Float.MAX_VALUE, "mean");
    float[] deviations = floats(width, Float.MIN_NORMAL, "deviation");
    float[] sigma = floats(width, Float.MIN_NORMAL, "sigma");
    int factors = full ? width * width : width;
    float[] forward = floats(factors, -Float.MAX_VALUE, "forward factor");
    float[] inverse = floats(factors, -Float.MAX_VALUE, "inverse factor");
    byte[] shapeOf = indices(width, shapeCount);
    List<Shape> shapes = new ArrayList<>();
    for (int i = 0; i < shapeCount; i++) {
      shapes.add(shape());
    }
    Basis basis = new Basis(kind(flags), forward, inverse, sigma, shapeOf);
    boolean gain = (flags & GAIN_FLAG) != 0;
    long seed = bytes.getLong(base + SIGN_SEED_OFFSET);
    return new Profile(new Channels(means, deviations), basis, shapes, gain, seed, hash);
  }

  private static BasisKind kind(int flags) {
    if ((flags & FULL_FLAG) == 0) {
      return BasisKind.DIAGONAL;
    }
    return (flags & WEIGHTED_FLAG) == 0 ? BasisKind.KLT : BasisKind.FISHER;
  }

  private float[] floats(int count, float least, String what) {
    float[] values = new float[count];
    bytes.slice(at, count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    for (int i = 0; i < count; i++) {
      // Written so that NaN is refused.
      if (!(values[i] >= least && values[i] <= Float.MAX_VALUE)) {
        throw bad(at + i * Float.BYTES, "%s %d is %s".formatted(what, i, values[i]));
      }
    }
    at += count * Float.BYTES;
    return values;
  }

  private byte[] indices(int width, int shapes) {
    byte[] indices = new byte[width];
    for (int i = 0; i < padded(width); i++, at++) {
      byte index = bytes.get(at);
      if (index < 0 || index >= (i < width ? shapes : 1)) {
        throw bad(at, "shape index is " + index);
      }
      if (i < width) {
        indices[i] = index;
      }
    }
    return indices;
  }

  private Shape shape() {
    int[] masses = new int[Shape.BINS];
    int start = at;
    long sum = 0;
    for (int i = 0; i < masses.length; i++, at += Integer.BYTES) {
      masses[i] = bytes.getInt(at);
      if (masses[i] < 0) {
        throw bad(at, "mass of a bin is " + masses[i]);
      }
      sum += masses[i];
    }
    if (sum != Shape.TOTAL_MASS) {
      throw bad(start, "masses add up to %d, not %d".formatted(sum, Shape.TOTAL_MASS));
    }
    return Shape.of(masses);
  }

  private MalformedProfile bad(int offset, String message) {
    return new MalformedProfile(offset - base, message);
  }

  /** What names the profile whose bytes, without the hash at the end, these are. */
  private static ProfileHash hashOf(ByteBuffer content) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(content);
      return ProfileHash.read(ByteBuffer.wrap(digest.digest()).order(ByteOrder.LITTLE_ENDIAN), 0);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
