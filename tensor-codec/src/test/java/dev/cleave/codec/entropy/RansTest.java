package dev.cleave.codec.entropy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RansTest {
  private static final int OFFSET = 3;
  private static final double[] PEAKED = {1, 3, 10, 200, 30, 6, 2, 0.01};
  private static final double[] FLAT = new double[256];

  static {
    Arrays.fill(FLAT, 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 63, 65, 207, 1000, 1024, 1025, 4096, 4097, 16384, 16391, 50_001})
  void decodesWhatWasEncoded(int count) {
    for (int width : new int[] {1, 2, 7, 8, 63, 207}) {
      for (boolean alike : new boolean[] {true, false}) {
        SymbolTable[] row = row(width, alike);
        byte[] symbols = symbols(count, row, 31L * count + width);
        TablePattern pattern = new TablePattern();
        pattern.assign(row, width);
        ByteBuffer stream = encode(pattern, symbols);
        RansDecoder decoder = new RansDecoder();
        // Twice: nothing of a stream may stay behind in the decoder.
        for (int round = 0; round < 2; round++) {
          byte[] decoded = new byte[count];
          assertThat(decoder.open(stream, OFFSET, stream.limit(), Rans.lanes(count))).isTrue();
          decoder.decode(pattern, decoded, count);
          assertThat(decoder.close()).isEqualTo(stream.limit());
          assertThat(decoded).isEqualTo(symbols);
          assertThat(decoder.open(stream, OFFSET, stream.limit(), Rans.lanes(count))).isTrue();
          for (int i = 0; i < count; i++) {
            assertThat(decoder.next(pattern.at(i))).isEqualTo(symbols[i] & 0xFF);
          }
          assertThat(decoder.close()).isEqualTo(stream.limit());
        }
      }
    }
  }

  @Test
  void oneByOneWritesTheSameStream() {
    for (int count : new int[] {1, 1000, 3000, 10_000, 20_001}) {
      SymbolTable[] row = row(7, false);
      byte[] symbols = symbols(count, row, count);
      TablePattern pattern = new TablePattern();
      pattern.assign(row, 7);
      RansEncoder encoder = new RansEncoder();
      encoder.open(count);
      for (int i = count - 1; i >= 0; i--) {
        encoder.put(pattern.at(i), symbols[i] & 0xFF, i);
      }
      ByteBuffer single = ByteBuffer.allocate(OFFSET + encoder.bytes());
      encoder.copyTo(single.order(ByteOrder.LITTLE_ENDIAN), OFFSET);
      assertThat(single).isEqualTo(encode(pattern, symbols));
    }
  }

  @Test
  void comesNearTheEntropy() {
    int count = 100_000;
    SymbolTable table = SymbolTable.of(frequencies(PEAKED));
    byte[] symbols = symbols(count, new SymbolTable[] {table}, 5);
    int[] counts = new int[256];
    for (byte symbol : symbols) {
      counts[symbol]++;
    }
    double entropy = 0;
    for (int n : counts) {
      entropy += n == 0 ? 0 : -n * Math.log((double) n / count) / Math.log(2) / count;
    }
    TablePattern pattern = new TablePattern();
    pattern.assign(table);
    double bits = (encode(pattern, symbols).limit() - OFFSET) * 8.0 / count;
    assertThat(bits).isBetween(entropy - 0.001, entropy + 0.01);
  }

  @Test
  void refusesStreamsThatAreCut() {
    for (int count : new int[] {10, 3000, 20_000}) {
      TablePattern pattern = new TablePattern();
      pattern.assign(SymbolTable.of(frequencies(FLAT)));
      byte[] symbols = new byte[count];
      new Random(count).nextBytes(symbols);
      ByteBuffer stream = encode(pattern, symbols);
      RansDecoder decoder = new RansDecoder();
      for (int end = OFFSET; end < stream.limit(); end += Math.max(1, stream.limit() / 100)) {
        boolean opened = decoder.open(stream, OFFSET, end, Rans.lanes(count));
        assertThat(opened).isEqualTo(end >= OFFSET + 4 * Rans.lanes(count));
        if (opened) {
          decoder.decode(pattern, new byte[count], count);
          assertThat(decoder.close()).as("cut at %d", end).isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void refusesStatesThatNoEncoderHas() {
    ByteBuffer stream = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 0xFFFF);
    assertThat(new RansDecoder().open(stream, 0, 4, 1)).isFalse();
    stream.putInt(0, 0x10001);
    RansDecoder decoder = new RansDecoder();
    assertThat(decoder.open(stream, 0, 4, 1)).isTrue();
    assertThat(decoder.close()).isEqualTo(-1);
  }

  /** The bytes of the format, worked out once and for all. */
  @Test
  void bytesAreThoseOfTheFormat() {
    TablePattern pattern = new TablePattern();
    pattern.assign(SymbolTable.of(new int[] {1024, 2048, 1023, 1}));
    byte[] symbols = new byte[24];
    for (int i = 0; i < symbols.length; i++) {
      symbols[i] = (byte) (i % 5 % 4);
    }
    ByteBuffer stream = encode(pattern, symbols);
    byte[] bytes = new byte[stream.limit() - OFFSET];
    stream.get(OFFSET, bytes);
    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo("67623421498007812280ff0f0399");
  }

  private static SymbolTable[] row(int width, boolean alike) {
    SymbolTable peaked = SymbolTable.of(frequencies(PEAKED));
    SymbolTable flat = SymbolTable.of(frequencies(FLAT));
    SymbolTable[] row = new SymbolTable[width];
    for (int c = 0; c < width; c++) {
      row[c] = alike || c % 3 != 1 ? peaked : flat;
    }
    return row;
  }

  private static int[] frequencies(double[] weights) {
    int[] frequencies = new int[weights.length];
    Frequencies.normalise(weights, frequencies);
    return frequencies;
  }

  private static byte[] symbols(int count, SymbolTable[] row, long seed) {
    Random random = new Random(seed);
    byte[] symbols = new byte[count];
    for (int i = 0; i < count; i++) {
      symbols[i] = (byte) row[i % row.length].slots[random.nextInt(SymbolTable.TOTAL)];
    }
    return symbols;
  }

  private static ByteBuffer encode(TablePattern pattern, byte[] symbols) {
    RansEncoder encoder = new RansEncoder();
    encoder.encode(pattern, symbols, symbols.length);
    ByteBuffer stream = ByteBuffer.allocate(OFFSET + encoder.bytes());
    encoder.copyTo(stream.order(ByteOrder.LITTLE_ENDIAN), OFFSET);
    return stream;
  }
}
