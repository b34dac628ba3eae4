package dev.cleave.codec.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ProfileFileTest {
  /** Of the format, written out here once more. */
  private static final int HEADER = 32;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 63, 64, 207})
  void readsDiagonalAsWritten(int width) {
    assertReadsAsWritten(diagonal(width));
  }

  @ParameterizedTest
  @CsvSource({"2,KLT", "7,KLT", "65,KLT", "3,FISHER", "64,FISHER"})
  void readsFullAsWritten(int width, BasisKind kind) {
    assertReadsAsWritten(full(width, kind));
  }

  private static void assertReadsAsWritten(Profile written) {
    Profile read = Profile.of(ByteBuffer.wrap(written.toBytes()));
    assertThat(read.hash()).isEqualTo(written.hash());
    assertThat(read.toBytes()).isEqualTo(written.toBytes());
    assertThat(read.channels().means()).isEqualTo(written.channels().means());
    assertThat(read.channels().deviations()).isEqualTo(written.channels().deviations());
    assertThat(read.basis().kind()).isEqualTo(written.basis().kind());
    assertThat(read.basis().forward()).isEqualTo(written.basis().forward());
    assertThat(read.basis().inverse()).isEqualTo(written.basis().inverse());
    assertThat(read.basis().sigma()).isEqualTo(written.basis().sigma());
    assertThat(read.tokenGain()).isEqualTo(written.tokenGain());
    assertThat(read.signSeed()).isEqualTo(written.signSeed());
    for (int i = 0; i < written.width(); i++) {
      assertThat(read.basis().shapeOf(i)).isEqualTo(written.basis().shapeOf(i));
    }
    for (int i = 0; i < written.shapes().size(); i++) {
      assertThat(read.shapes().get(i).masses()).isEqualTo(written.shapes().get(i).masses());
    }
  }

  @Test
  void readsAndWritesFiles(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("codec.profile");
    Profile written = full(9, BasisKind.KLT);
    written.write(file);
    assertThat(Profile.read(file).hash()).isEqualTo(written.hash());
    Files.write(file, new byte[1], java.nio.file.StandardOpenOption.APPEND);
    assertThatThrownBy(() -> Profile.read(file)).isInstanceOf(MalformedProfile.class);
    Files.write(file, new byte[HEADER - 1]);
    assertThatThrownBy(() -> Profile.read(file)).isInstanceOf(MalformedProfile.class);
  }

  @Test
  void readsFromTheMiddleOfABuffer() {
    byte[] bytes = full(5, BasisKind.FISHER).toBytes();
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length + 20);
    buffer.position(7).put(bytes).flip().position(7);
    assertThat(Profile.of(buffer).toBytes()).isEqualTo(bytes);
    assertThat(buffer.position()).isEqualTo(7);
    assertThat(buffer.order()).isEqualTo(ByteOrder.BIG_ENDIAN);
  }

  @Test
  void hashIsTheStartOfTheDigestOfWhatStandsBefore() throws Exception {
    Profile profile = full(6, BasisKind.KLT);
    byte[] bytes = profile.toBytes();
    byte[] digest =
        MessageDigest.getInstance("SHA-256").digest(Arrays.copyOf(bytes, bytes.length - 16));
    assertThat(Arrays.copyOfRange(bytes, bytes.length - 16, bytes.length))
        .isEqualTo(Arrays.copyOf(digest, 16));
    assertThat(profile.hash().toString())
        .isEqualTo(java.util.HexFormat.of().formatHex(digest, 0, 16));
  }

  @Test
  void everyPartChangesTheHash() {
    Profile a = diagonal(3);
    Profile seed = new Profile(a.channels(), a.basis(), a.shapes(), a.tokenGain(), 6);
    Profile gain = new Profile(a.channels(), a.basis(), a.shapes(), !a.tokenGain(), a.signSeed());
    Profile mean = Profile.of(new float[] {1, 2, 3}, a.channels().deviations());
    assertThat(List.of(a.hash(), seed.hash(), gain.hash(), mean.hash())).doesNotHaveDuplicates();
  }

  @Test
  void refusesEveryTruncationAndAnExtraByte() {
    byte[] bytes = diagonal(5).toBytes();
    for (int length = 0; length < bytes.length; length++) {
      int end = length;
      assertThatThrownBy(() -> Profile.of(ByteBuffer.wrap(bytes, 0, end)))
          .as("%d bytes", length)
          .isInstanceOf(MalformedProfile.class);
    }
    assertThatThrownBy(() -> Profile.of(ByteBuffer.wrap(Arrays.copyOf(bytes, bytes.length + 1))))
        .isInstanceOf(MalformedProfile.class);
  }

  @Test
  void refusesEveryFlippedByte() {
    byte[] bytes = full(5, BasisKind.KLT).toBytes();
    for (int i = 0; i < bytes.length; i++) {
      for (int flip : new int[] {1, 0x80, 0xFF}) {
        byte[] flipped = bytes.clone();
        flipped[i] ^= (byte) flip;
        Throwable thrown = catchThrowable(() -> Profile.of(ByteBuffer.wrap(flipped)));
        assertThat(thrown).as("byte %d ^ %d", i, flip).isInstanceOf(MalformedProfile.class);
      }
    }
  }

  /** With the hash made right again: only a look at the content can refuse these. */
  @Test
  void everyFlippedByteWithARightHashIsRefusedOrAProfile() {
    byte[] bytes = full(4, BasisKind.KLT).toBytes();
    int profiles = 0;
    for (int i = 0; i < bytes.length - 16; i++) {
      byte[] flipped = bytes.clone();
      flipped[i] ^= (byte) 0xFF;
      Throwable thrown = catchThrowable(() -> Profile.of(ByteBuffer.wrap(seal(flipped))));
      if (thrown == null) {
        profiles++;
      } else {
        assertThat(thrown).as("byte %d", i).isInstanceOf(MalformedProfile.class);
        assertThat(((MalformedProfile) thrown).offset()).isBetween(0L, (long) bytes.length);
      }
    }
    assertThat(profiles).isPositive();
  }

  @ParameterizedTest
  @CsvSource({
    "0,0x4D,0", // magic
    "8,2,8", // version
    "9,8,9", // unknown flag
    "9,2,9", // weighted without full
    "10,0,10", // no shape
    "10,17,10", // too many
    "11,1,11", // reserved
    "15,0x7F,12", // width 2^31
    "24,1,24", // reserved
    "31,1,24",
  })
  void refusesHeader(int offset, String value, long reported) {
    byte[] bytes = diagonal(5).toBytes();
    bytes[offset] = Integer.decode(value).byteValue();
    assertThatThrownBy(() -> Profile.of(ByteBuffer.wrap(seal(bytes))))
        .isInstanceOfSatisfying(
            MalformedProfile.class, e -> assertThat(e.offset()).isEqualTo(reported));
  }

  @ParameterizedTest
  @CsvSource({
    "0,NaN",
    "0,Infinity",
    "5,0",
    "5,-1",
    "5,NaN",
    "10,0",
    "10,Infinity",
    "15,NaN",
    "20,-Infinity"
  })
  void refusesNumber(int index, float value) {
    byte[] bytes = diagonal(5).toBytes();
    int offset = HEADER + 4 * index;
    view(bytes).putFloat(offset, value);
    assertThatThrownBy(() -> Profile.of(ByteBuffer.wrap(seal(bytes))))
        .isInstanceOfSatisfying(
            MalformedProfile.class, e -> assertThat(e.offset()).isEqualTo(offset));
  }

  @Test
  void refusesShapeIndexPaddingAndMasses() {
    Profile profile = diagonal(5);
    int indices = HEADER + 4 * 5 * 5;
    assertThat(profile.shapes()).hasSize(2);
    for (int offset : new int[] {indices, indices + 4}) {
      assertRefused(profile, offset, (byte) 2, offset);
      assertRefused(profile, offset, (byte) -1, offset);
    }
    assertRefused(profile, indices + 5, (byte) 1, indices + 5);
    assertRefused(profile, indices + 8, (byte) 99, indices + 8);
    assertRefused(profile, indices + 8 + 3, (byte) 0x80, indices + 8);
  }

  private static void assertRefused(Profile profile, int offset, byte value, long reported) {
    byte[] bytes = profile.toBytes();
    bytes[offset] = value;
    assertThatThrownBy(() -> Profile.of(ByteBuffer.wrap(seal(bytes))))
        .isInstanceOfSatisfying(
            MalformedProfile.class, e -> assertThat(e.offset()).isEqualTo(reported));
  }

  @Test
  void aWideFullBasisIsRefusedByItsHeader() {
    byte[] header = Arrays.copyOf(full(2, BasisKind.KLT).toBytes(), HEADER);
    view(header).putInt(12, 4097);
    assertThatThrownBy(() -> Profile.of(ByteBuffer.wrap(header)))
        .isInstanceOfSatisfying(MalformedProfile.class, e -> assertThat(e.offset()).isEqualTo(12));
    view(header).putInt(12, 4096);
    assertThatThrownBy(() -> Profile.of(ByteBuffer.wrap(header)))
        .hasMessageContaining("header announces 134275120");
  }

  @Test
  void refusesPartsThatDoNotFit() {
    Profile profile = diagonal(5);
    Profile other = diagonal(6);
    assertThatThrownBy(
            () -> new Profile(profile.channels(), other.basis(), profile.shapes(), false, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() ->
            new Profile(profile.channels(), profile.basis(), List.of(Shape.normal()), false, 0))
        .hasMessageContaining("has shape 1 of 1");
    assertThatThrownBy(
            () -> new Basis(new float[] {1}, new float[] {1}, new float[] {0}, new byte[1]))
        .hasMessageContaining("sigma 0");
  }

  private static Profile diagonal(int width) {
    Random random = new Random(width);
    Channels channels = channels(random, width);
    float[] forward = new float[width];
    byte[] shapeOf = new byte[width];
    for (int i = 0; i < width; i++) {
      forward[i] = 1 / channels.deviation(i);
      shapeOf[i] = (byte) (i & 1);
    }
    Basis basis = new Basis(forward, channels.deviations(), positive(random, width), shapeOf);
    return new Profile(channels, basis, List.of(Shape.normal(), flat()), true, 5);
  }

  private static Profile full(int width, BasisKind kind) {
    Random random = new Random(width);
    float[] forward = positive(random, width * width);
    float[] inverse = positive(random, width * width);
    Basis basis = new Basis(kind, forward, inverse, positive(random, width), new byte[width]);
    return new Profile(channels(random, width), basis, List.of(flat()), false, -1);
  }

  private static Shape flat() {
    int[] masses = new int[Shape.BINS];
    Arrays.fill(masses, Shape.TOTAL_MASS / Shape.BINS);
    return Shape.of(masses);
  }

  private static Channels channels(Random random, int width) {
    return new Channels(positive(random, width), positive(random, width));
  }

  private static float[] positive(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = 0.1f + random.nextFloat();
    }
    return values;
  }

  private static byte[] seal(byte[] bytes) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(Arrays.copyOf(bytes, bytes.length - 16));
      System.arraycopy(digest, 0, bytes, bytes.length - 16, 16);
      return bytes;
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static ByteBuffer view(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
