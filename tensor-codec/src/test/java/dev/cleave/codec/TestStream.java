package dev.cleave.codec;

import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.BasisKind;
import dev.cleave.codec.profile.Channels;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.Shape;
import dev.cleave.codec.rate.RateTarget;
import dev.cleave.codec.synthetic.OutlierSource;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A stream with what both of its sides hold. {@link #all} lists those worth testing: every mode,
 * with and without each kind of profile, at each kind of target.
 */
record TestStream(StreamSpec spec, @Nullable Profile profile, String profileName) {
  private static final long CHANNELS_SEED = 5;
  private static final int MOST_FULL_WIDTH = 256;
  private static final Map<Integer, Profile> DIAGONAL = new ConcurrentHashMap<>();
  private static final Map<Integer, Profile> FULL = new ConcurrentHashMap<>();

  /** The modes that give back what they got, to the bit. */
  private static final Set<String> EXACT = Set.of("RAW_F32", "LOSSLESS_F32");

  /** All streams of a width: a new mode is in here as soon as it is a constant. */
  static List<TestStream> all(int width) {
    List<TestStream> streams = new ArrayList<>();
    for (CodecMode mode : CodecMode.values()) {
      streams.addAll(all(mode, width));
    }
    return streams;
  }

  /** All streams of a mode. */
  static List<TestStream> all(CodecMode mode, int width) {
    List<TestStream> streams = new ArrayList<>();
    for (RateTarget target : mode.hasTarget() ? targets(width) : noTarget()) {
      StreamSpec spec = new StreamSpec(mode, width, target);
      streams.add(new TestStream(spec, null, "no profile"));
      if (!carriesAnything(mode)) {
        Profile diagonal = diagonal(width);
        streams.add(new TestStream(spec.withProfile(diagonal), diagonal, "diagonal profile"));
      }
      if (mode.hasTarget() && width > 1 && width <= MOST_FULL_WIDTH) {
        Profile full = full(width);
        streams.add(new TestStream(spec.withProfile(full), full, "full profile"));
      }
    }
    return streams;
  }

  /** Whether a mode takes NaN and infinities. */
  static boolean carriesAnything(CodecMode mode) {
    return mode.name().startsWith("RAW") || mode.name().startsWith("LOSSLESS");
  }

  private static List<@Nullable RateTarget> noTarget() {
    List<@Nullable RateTarget> none = new ArrayList<>();
    none.add(null);
    return none;
  }

  /** One of each kind, each possible whatever the states. */
  private static List<RateTarget> targets(int width) {
    return List.of(
        new RateTarget.Distortion(2000),
        new RateTarget.BitsPerElement(3500),
        new RateTarget.BytesPerPosition(width / 2 + 64));
  }

  /** Of the source that {@link #states} come from. */
  static Profile diagonal(int width) {
    return DIAGONAL.computeIfAbsent(width, TestStream::newDiagonal);
  }

  private static Profile newDiagonal(int width) {
    OutlierSource source = source(width);
    return Profile.of(source.means(), source.deviations());
  }

  /**
   * All that a profile can have: a full basis (a reflection, weighted so that coordinates are of
   * many sizes), two shapes, a gain for each row.
   */
  static Profile full(int width) {
    return FULL.computeIfAbsent(width, TestStream::newFull);
  }

  private static Profile newFull(int width) {
    OutlierSource source = source(width);
    Channels channels = new Channels(source.means(), source.deviations());
    Random random = new Random(width);
    double[] axis = new double[width];
    double square = 0;
    for (int c = 0; c < width; c++) {
      axis[c] = random.nextGaussian();
      square += axis[c] * axis[c];
    }
    float[] forward = new float[width * width];
    float[] inverse = new float[width * width];
    float[] sigma = new float[width];
    byte[] shapeOf = new byte[width];
    for (int i = 0; i < width; i++) {
      sigma[i] = Math.scalb(1f, i % 5 - 3);
      shapeOf[i] = (byte) (i % 3 == 0 ? 1 : 0);
      for (int c = 0; c < width; c++) {
        double reflection = (i == c ? 1 : 0) - 2 * axis[i] * axis[c] / square;
        forward[c * width + i] = (float) (reflection * sigma[i] / channels.deviation(c));
        inverse[i * width + c] = (float) (reflection / sigma[i] * channels.deviation(c));
      }
    }
    Basis basis = new Basis(BasisKind.FISHER, forward, inverse, sigma, shapeOf);
    return new Profile(channels, basis, List.of(Shape.normal(), uniform()), true, 77);
  }

  /** Between -2 and 2 and nowhere else: what lies outside must be escaped. */
  private static Shape uniform() {
    int[] masses = new int[Shape.BINS];
    int bins = 4 * Shape.BINS_PER_UNIT;
    Arrays.fill(masses, (Shape.BINS - bins) / 2, (Shape.BINS + bins) / 2, Shape.TOTAL_MASS / bins);
    return Shape.of(masses);
  }

  static OutlierSource source(int width) {
    return new OutlierSource(width, CHANNELS_SEED);
  }

  int width() {
    return spec.width();
  }

  /** One text of the source, its massive first position included. */
  float[] states(long seed, int positions) {
    return source(width()).text(seed, positions);
  }

  boolean isExact() {
    return EXACT.contains(spec.mode().name());
  }

  FrameEncoder encoder() {
    return profile == null ? FrameEncoder.of(spec) : FrameEncoder.of(spec, profile);
  }

  FrameDecoder decoder() {
    return decoder(Frames.LIMITS);
  }

  FrameDecoder decoder(FrameLimits limits) {
    return profile == null ? FrameDecoder.of(spec, limits) : FrameDecoder.of(spec, limits, profile);
  }

  byte[] encode(float[] values, int start, HeaderForm form) {
    return encode(encoder(), values, start, form);
  }

  byte[] encode(FrameEncoder encoder, float[] values, int start, HeaderForm form) {
    int positions = values.length / width();
    ByteBuffer out = ByteBuffer.allocate(encoder.maxEncodedBytes(positions));
    int bytes = encoder.encode(FloatBuffer.wrap(values), start, positions, form, out);
    return Arrays.copyOf(out.array(), bytes);
  }

  float[] decode(byte[] frame) {
    return decode(decoder(), frame);
  }

  float[] decode(FrameDecoder decoder, byte[] frame) {
    ByteBuffer bytes = ByteBuffer.wrap(frame);
    float[] out = new float[decoder.inspect(bytes).elements()];
    decoder.decode(bytes, FloatBuffer.wrap(out));
    return out;
  }

  @Override
  public String toString() {
    RateTarget target = spec.target();
    return "%s%s, width %d, %s"
        .formatted(spec.mode(), target == null ? "" : " at " + target, spec.width(), profileName);
  }
}
