package dev.cleave.codec.profile;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/**
 * What was learnt about a boundary tensor from calibration states: both ends of a stream hold the
 * same one, named in every frame by its {@link #hash}. Immutable and thread-safe.
 *
 * <p>A row x of {@code width} channels is coded as coordinates {@code y = forward (x - mean)}, with
 * a diagonal or a full {@link Basis}; coordinate i has standard deviation {@code sigma[i]} and the
 * distribution {@code shape(i)}. The fixed-size modes use means and deviations only.
 */
public final class Profile {
  private final Channels channels;
  private final Basis basis;
  private final List<Shape> shapes;
  private final boolean tokenGain;
  private final long signSeed;
  private final ProfileHash hash;

  Profile(Channels channels, Basis basis, List<Shape> shapes, boolean tokenGain, long signSeed) {
    this.channels = channels;
    this.basis = basis;
    this.shapes = List.copyOf(shapes);
    this.tokenGain = tokenGain;
    this.signSeed = signSeed;
    this.hash = hashOf(channels);
  }

  /** Independent channels of normal distribution, each divided by its own deviation. */
  public static Profile of(float[] means, float[] deviations) {
    Channels channels = new Channels(means, deviations);
    return new Profile(
        channels, Basis.normalising(channels), List.of(Shape.normal()), false, 0x9E3779B97F4A7C15L);
  }

  /** Elements per position. */
  public int width() {
    return channels.width();
  }

  /** Names this profile in frames, in Open and in the bundle. */
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

  private static ProfileHash hashOf(Channels channels) {
    ByteBuffer bytes = ByteBuffer.allocate(channels.width() * 8).order(ByteOrder.LITTLE_ENDIAN);
    for (int c = 0; c < channels.width(); c++) {
      bytes.putFloat(channels.mean(c)).putFloat(channels.deviation(c));
    }
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.array());
      return ProfileHash.read(ByteBuffer.wrap(digest).order(ByteOrder.LITTLE_ENDIAN), 0);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
