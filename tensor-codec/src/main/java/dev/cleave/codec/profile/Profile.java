package dev.cleave.codec.profile;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was learnt about a boundary tensor from calibration states: both ends of a stream hold the
 * same one, named in every frame by its {@link #hash}. Immutable and thread-safe.
 *
 * <p>A row x of {@code width} channels is coded as coordinates {@code y = forward (x - mean)}, with
 * a diagonal or a full {@link Basis}; coordinate i has standard deviation {@code sigma[i]} and the
 * distribution {@code shape(i)}. The fixed-size modes use means and deviations only.
 */
public final class Profile {
  /** The widest boundary tensor. */
  public static final int MAX_WIDTH = 1 << 20;

  /** The widest one that can have a full basis. */
  public static final int MAX_FULL_WIDTH = 4096;

  /** The most shapes that coordinates can choose from. */
  public static final int MAX_SHAPES = 16;

  /** What {@link #of(float[], float[])} takes and a fit by default: any would do. */
  public static final long DEFAULT_SIGN_SEED = 0x9E3779B97F4A7C15L;

  private final Channels channels;
  private final Basis basis;
  private final List<Shape> shapes;
  private final boolean tokenGain;
  private final long signSeed;
  private final ProfileHash hash;

  /**
   * A profile of these parts, which are shared.
   *
   * @param basis as wide as the channels, and full only up to {@link #MAX_FULL_WIDTH}
   * @param shapes 1 to {@link #MAX_SHAPES}, all that the basis chooses among them
   * @param tokenGain whether RATE divides each row by a gain of its own
   * @param signSeed decides the signs in front of the Hadamard rotation
   */
  public Profile(
      Channels channels, Basis basis, List<Shape> shapes, boolean tokenGain, long signSeed) {
    this(channels, basis, shapes, tokenGain, signSeed, null);
  }

  /** With the hash where it is known already. */
  Profile(
      Channels channels,
      Basis basis,
      List<Shape> shapes,
      boolean tokenGain,
      long signSeed,
      @Nullable ProfileHash hash) {
    this.channels = channels;
    this.basis = basis;
    this.shapes = List.copyOf(shapes);
    this.tokenGain = tokenGain;
    this.signSeed = signSeed;
    check();
    this.hash = hash == null ? hashAtEnd(ProfileFile.write(this)) : hash;
  }

  private void check() {
    int most = basis.isDiagonal() ? MAX_WIDTH : MAX_FULL_WIDTH;
    if (basis.width() != channels.width() || basis.width() > most) {
      throw new IllegalArgumentException(
          "a basis of width %d does not suit %d channels, or is wider than %d"
              .formatted(basis.width(), channels.width(), most));
    }
    if (shapes.isEmpty() || shapes.size() > MAX_SHAPES) {
      throw new IllegalArgumentException(
          "shapes must be 1 to %d, were %d".formatted(MAX_SHAPES, shapes.size()));
    }
    for (int i = 0; i < basis.width(); i++) {
      if (basis.shapeOf(i) >= shapes.size()) {
        throw new IllegalArgumentException(
            "coordinate %d has shape %d of %d".formatted(i, basis.shapeOf(i), shapes.size()));
      }
    }
  }

  /** Independent channels of normal distribution, each divided by its own deviation. */
  public static Profile of(float[] means, float[] deviations) {
    Channels channels = new Channels(means, deviations);
    return new Profile(
        channels, Basis.normalising(channels), List.of(Shape.normal()), false, DEFAULT_SIGN_SEED);
  }

  /**
   * Reads a profile from the buffer's position to its limit, whatever its byte order; moves
   * nothing.
   *
   * @throws MalformedProfile when the bytes are anything but one whole profile
   */
  public static Profile of(ByteBuffer bytes) {
    return ProfileFile.read(bytes);
  }

  /**
   * Reads a profile file. What its header announces is held against the limits and the length of
   * the file before the rest is read.
   *
   * @throws MalformedProfile when the file is anything but one whole profile
   * @throws IOException when the file cannot be read
   */
  public static Profile read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer header =
          ByteBuffer.allocate(ProfileFile.MEANS_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
      if (channel.size() < header.capacity()) {
        throw new MalformedProfile(channel.size(), "shorter than the header");
      }
      fill(channel, header);
      long length = ProfileFile.announced(header, 0);
      if (channel.size() != length) {
        throw new MalformedProfile(
            Math.min(length, channel.size()),
            "has %d bytes, its header announces %d".formatted(channel.size(), length));
      }
      ByteBuffer bytes = ByteBuffer.allocate((int) length).put(header.flip());
      fill(channel, bytes);
      return of(bytes.flip());
    }
  }

  private static void fill(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw new EOFException("the file became shorter while it was read");
      }
    }
  }

  /** The bytes that {@link #of(ByteBuffer)} reads: the same for equal profiles. */
  public byte[] toBytes() {
    return ProfileFile.write(this);
  }

  /**
   * Writes {@link #toBytes} to a file, which is made or replaced.
   *
   * @throws IOException when it cannot be written
   */
  public void write(Path file) throws IOException {
    Files.write(file, toBytes());
  }

  /** Elements per position. */
  public int width() {
    return channels.width();
  }

  /** Names this profile in frames, in Open and in the bundle: the last bytes of its file. */
  public ProfileHash hash() {
    return hash;
  }

  /** Mean and standard deviation of each channel. */
  public Channels channels() {
    return channels;
  }

  /** The coordinates that RATE quantises. */
  public Basis basis() {
    return basis;
  }

  /** The distributions that {@link Basis#shapeOf} chooses from; 1 to 16. */
  public List<Shape> shapes() {
    return shapes;
  }

  /** Whether RATE divides each row by a gain of its own. */
  public boolean tokenGain() {
    return tokenGain;
  }

  /** Decides the signs in front of the Hadamard rotation of the fixed-size modes. */
  public long signSeed() {
    return signSeed;
  }

  private static ProfileHash hashAtEnd(byte[] bytes) {
    ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return ProfileHash.read(view, bytes.length - ProfileHash.BYTES);
  }
}
