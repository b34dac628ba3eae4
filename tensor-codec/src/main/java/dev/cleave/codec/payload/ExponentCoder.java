package dev.cleave.codec.payload;

import dev.cleave.codec.entropy.Frequencies;
import dev.cleave.codec.entropy.Rans;
import dev.cleave.codec.entropy.RansDecoder;
import dev.cleave.codec.entropy.RansEncoder;
import dev.cleave.codec.entropy.SymbolTable;
import dev.cleave.codec.entropy.TablePattern;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Codes bytes with frequencies of their own, as {@link LosslessPayload} draws. One thread's. */
final class ExponentCoder {
  private static final int KINDS = 256;
  private static final int STORED_LOWEST = 1;
  private static final int STORED_HIGHEST = 0;

  private final int[] counts = new int[4 * KINDS];
  private final double[] weights = new double[KINDS];
  private final int[] frequencies = new int[KINDS];
  private final SymbolTable symbols = new SymbolTable();
  private final TablePattern pattern = new TablePattern();
  private final RansEncoder encoder = new RansEncoder();
  private final RansDecoder decoder = new RansDecoder();
  private final SideWriter table = new SideWriter();
  private final SideReader reader = new SideReader();
  private byte[] values = new byte[0];
  private int count;

  ExponentCoder() {
    pattern.assign(symbols);
  }

  /** Makes room. */
  void start(int elements) {
    if (values.length < elements) {
      values = new byte[elements];
    }
    count = elements;
  }

  /** The bytes to be coded, or those decoded last. */
  byte[] values() {
    return values;
  }

  /** Writes all; returns how many bytes that took, 2 more than there are at most. */
  int encode(ByteBuffer out, int offset) {
    countAll();
    int lowest = 0;
    while (weights[lowest] == 0) {
      lowest++;
    }
    int highest = KINDS - 1;
    while (weights[highest] == 0) {
      highest--;
    }
    if (lowest == highest) {
      // A table has two symbols at least.
      int other = highest == KINDS - 1 ? highest - 1 : highest + 1;
      weights[other] = Double.MIN_NORMAL;
      lowest = Math.min(lowest, other);
      highest = Math.max(highest, other);
    }
    Frequencies.normalise(weights, frequencies);
    symbols.assign(frequencies);
    encoder.encode(pattern, values, count);
    table.clear();
    table.u8(lowest);
    table.u8(highest);
    for (int i = lowest; i <= highest; i++) {
      table.varint(frequencies[i]);
    }
    if (table.bytes() + encoder.bytes() >= count + 2) {
      out.put(offset, (byte) STORED_LOWEST);
      out.put(offset + 1, (byte) STORED_HIGHEST);
      out.put(offset + 2, values, 0, count);
      return count + 2;
    }
    table.copyTo(out, offset);
    encoder.copyTo(out, offset + table.bytes());
    return table.bytes() + encoder.bytes();
  }

  private void countAll() {
    Arrays.fill(counts, 0);
    int whole = count - count % 4;
    // Four counters each: neighbours are often equal, and would wait for one another.
    for (int i = 0; i < whole; i += 4) {
      counts[values[i] & 0xFF]++;
      counts[KINDS + (values[i + 1] & 0xFF)]++;
      counts[2 * KINDS + (values[i + 2] & 0xFF)]++;
      counts[3 * KINDS + (values[i + 3] & 0xFF)]++;
    }
    for (int i = whole; i < count; i++) {
      counts[values[i] & 0xFF]++;
    }
    for (int i = 0; i < KINDS; i++) {
      weights[i] =
          (double) counts[i] + counts[KINDS + i] + counts[2 * KINDS + i] + counts[3 * KINDS + i];
    }
  }

  /**
   * Reads as many bytes as are said to be there, and all up to the end.
   *
   * @throws CorruptPayload when no encoder writes this
   */
  void decode(ByteBuffer in, int offset, int end, int elements) {
    start(elements);
    reader.open(in, offset, end);
    int lowest = reader.u8();
    int highest = reader.u8();
    if (lowest == STORED_LOWEST && highest == STORED_HIGHEST) {
      if (end - reader.at() != elements) {
        throw new CorruptPayload(offset, "exponents are not as many as elements");
      }
      in.get(reader.at(), values, 0, elements);
      return;
    }
    readTable(lowest, highest);
    int from = reader.at();
    if (!decoder.open(in, from, end, Rans.lanes(elements))) {
      throw new CorruptPayload(from, "rANS states are cut off or out of range");
    }
    decoder.decode(pattern, values, elements);
    if (decoder.close() != end) {
      throw new CorruptPayload(from, "rANS stream does not end where it must");
    }
  }

  private void readTable(int lowest, int highest) {
    int from = reader.at();
    Arrays.fill(frequencies, 0);
    int left = SymbolTable.TOTAL;
    for (int i = lowest; i <= highest; i++) {
      int frequency = reader.varint();
      if (frequency < 0 || frequency >= SymbolTable.TOTAL || frequency > left) {
        throw new CorruptPayload(from, "frequencies of exponents are too many");
      }
      frequencies[i] = frequency;
      left -= frequency;
    }
    if (left != 0) {
      throw new CorruptPayload(from, "frequencies of exponents are too few");
    }
    symbols.assign(frequencies);
  }
}
