package dev.cleave.codec.entropy;

import static dev.cleave.codec.entropy.Rans.LOWEST_STATE;
import static dev.cleave.codec.entropy.Rans.SHORT;
import static dev.cleave.codec.entropy.Rans.STATE_BYTES;
import static dev.cleave.codec.entropy.SymbolTable.PROBABILITY_BITS;
import static dev.cleave.codec.entropy.SymbolTable.SLOT_MASK;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Reads symbols from a {@link Rans} stream: {@link #open}, then all elements in order, then {@link
 * #close}. Never reads beyond the limit it was given: past it there are zeros, and {@link #close}
 * says that the stream was cut off. Keeps 8 KiB; confined to one thread.
 */
public final class RansDecoder {
  /** Elements decoded between two looks at the stream's end; each takes one word at most. */
  private static final int BLOCK = 4096;

  private final byte[] window = new byte[2 * BLOCK + Short.BYTES];
  private final int[] states = new int[Rans.MAX_LANES];
  private ByteBuffer stream = ByteBuffer.allocate(0);
  private int lanes = 1;
  private int next;
  private int limit;

  /** Where in the window the next word lies. */
  private int at;

  private int lane;

  /**
   * Starts with a stream.
   *
   * @param in little endian; borrowed until {@link #close}
   * @param offset of the first state
   * @param end index behind the last byte that may belong to the stream
   * @return false when there is no room for the states, or one is out of range
   */
  public boolean open(ByteBuffer in, int offset, int end, int laneCount) {
    stream = in;
    lanes = laneCount;
    lane = 0;
    at = 0;
    limit = end;
    next = offset + laneCount * STATE_BYTES;
    if (next > end) {
      return false;
    }
    boolean inRange = true;
    for (int i = 0; i < laneCount; i++) {
      states[i] = in.getInt(offset + i * STATE_BYTES);
      inRange &= states[i] >>> 16 != 0;
    }
    fill();
    return inRange;
  }

  /**
   * Decodes elements whose tables repeat.
   *
   * @param symbols the first {@code count} are overwritten
   */
  public void decode(TablePattern pattern, byte[] symbols, int count) {
    SymbolTable single = pattern.single();
    int[][] tables = pattern.slots;
    int period = pattern.period();
    int whole = count - count % lanes;
    for (int done = 0; done < whole; done += BLOCK) {
      int to = Math.min(whole, done + BLOCK);
      at =
          switch (lanes) {
            case 1 -> decode1(tables, period, symbols, done, to);
            case 2 -> decode2(tables, period, symbols, done, to);
            case 4 -> decode4(tables, period, symbols, done, to);
            default ->
                single == null
                    ? decode8(tables, period, symbols, done, to)
                    : decode8Alone(single.slots, symbols, done, to);
          };
      fill();
    }
    for (int i = whole; i < count; i++) {
      symbols[i] = (byte) next(tables[i % period]);
    }
  }

  /** Decodes the next element alone: for symbols on which the choice of the next table depends. */
  public int next(SymbolTable table) {
    return next(table.slots);
  }

  private int next(int[] slots) {
    int x = states[lane];
    int e = slots[x & SLOT_MASK];
    x = advance(x, e);
    if (needsWord(x) != 0) {
      if (at == 2 * BLOCK) {
        fill();
      }
      x = (x << 16) | word(window, at);
      at += Short.BYTES;
    }
    states[lane] = x;
    lane = lane + 1 == lanes ? 0 : lane + 1;
    return e & 0xFF;
  }

  /**
   * Ends the stream.
   *
   * @return index behind its last byte, or -1 when it was cut off or its states are not those that
   *     every encoder starts with
   */
  public int close() {
    boolean whole = next + at <= limit;
    for (int i = 0; i < lanes; i++) {
      whole &= states[i] == LOWEST_STATE;
    }
    return whole ? next + at : -1;
  }

  /** Moves the window to the next word. */
  private void fill() {
    // Beyond the end the place stays as it is, far enough out for close() to notice.
    next = Math.min(next + at, limit + 1);
    at = 0;
    int bytes = Math.clamp(limit - next, 0, 2 * BLOCK);
    if (bytes > 0) {
      stream.get(next, window, 0, bytes);
    }
    Arrays.fill(window, bytes, window.length, (byte) 0);
  }

  private int decode1(int[][] tables, int period, byte[] symbols, int from, int to) {
    byte[] words = window;
    int p = at;
    int c = from % period;
    int x0 = states[0];
    for (int i = from; i < to; i += 1) {
      int e = slot(tables[c], x0);
      symbols[i] = (byte) e;
      x0 = advance(x0, e);
      int n = needsWord(x0);
      x0 = (x0 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      c += 1;
      c = c >= period ? c - period : c;
    }
    states[0] = x0;
    return p;
  }

  private int decode2(int[][] tables, int period, byte[] symbols, int from, int to) {
    byte[] words = window;
    int p = at;
    int c = from % period;
    int x0 = states[0];
    int x1 = states[1];
    for (int i = from; i < to; i += 2) {
      int e = slot(tables[c], x0);
      symbols[i] = (byte) e;
      x0 = advance(x0, e);
      int n = needsWord(x0);
      x0 = (x0 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = slot(tables[c + 1], x1);
      symbols[i + 1] = (byte) e;
      x1 = advance(x1, e);
      n = needsWord(x1);
      x1 = (x1 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      c += 2;
      c = c >= period ? c - period : c;
    }
    states[0] = x0;
    states[1] = x1;
    return p;
  }

  private int decode4(int[][] tables, int period, byte[] symbols, int from, int to) {
    byte[] words = window;
    int p = at;
    int c = from % period;
    int x0 = states[0];
    int x1 = states[1];
    int x2 = states[2];
    int x3 = states[3];
    for (int i = from; i < to; i += 4) {
      int e = slot(tables[c], x0);
      symbols[i] = (byte) e;
      x0 = advance(x0, e);
      int n = needsWord(x0);
      x0 = (x0 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = slot(tables[c + 1], x1);
      symbols[i + 1] = (byte) e;
      x1 = advance(x1, e);
      n = needsWord(x1);
      x1 = (x1 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = slot(tables[c + 2], x2);
      symbols[i + 2] = (byte) e;
      x2 = advance(x2, e);
      n = needsWord(x2);
      x2 = (x2 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = slot(tables[c + 3], x3);
      symbols[i + 3] = (byte) e;
      x3 = advance(x3, e);
      n = needsWord(x3);
      x3 = (x3 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      c += 4;
      c = c >= period ? c - period : c;
    }
    states[0] = x0;
    states[1] = x1;
    states[2] = x2;
    states[3] = x3;
    return p;
  }

  private int decode8(int[][] tables, int period, byte[] symbols, int from, int to) {
    byte[] words = window;
    int p = at;
    int c = from % period;
    int x0 = states[0];
    int x1 = states[1];
    int x2 = states[2];
    int x3 = states[3];
    int x4 = states[4];
    int x5 = states[5];
    int x6 = states[6];
    int x7 = states[7];
    for (int i = from; i < to; i += 8) {
      int e = slot(tables[c], x0);
      symbols[i] = (byte) e;
      x0 = advance(x0, e);
      int n = needsWord(x0);
      x0 = (x0 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = slot(tables[c + 1], x1);
      symbols[i + 1] = (byte) e;
      x1 = advance(x1, e);
      n = needsWord(x1);
      x1 = (x1 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = slot(tables[c + 2], x2);
      symbols[i + 2] = (byte) e;
      x2 = advance(x2, e);
      n = needsWord(x2);
      x2 = (x2 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = slot(tables[c + 3], x3);
      symbols[i + 3] = (byte) e;
      x3 = advance(x3, e);
      n = needsWord(x3);
      x3 = (x3 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = slot(tables[c + 4], x4);
      symbols[i + 4] = (byte) e;
      x4 = advance(x4, e);
      n = needsWord(x4);
      x4 = (x4 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = slot(tables[c + 5], x5);
      symbols[i + 5] = (byte) e;
      x5 = advance(x5, e);
      n = needsWord(x5);
      x5 = (x5 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = slot(tables[c + 6], x6);
      symbols[i + 6] = (byte) e;
      x6 = advance(x6, e);
      n = needsWord(x6);
      x6 = (x6 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = slot(tables[c + 7], x7);
      symbols[i + 7] = (byte) e;
      x7 = advance(x7, e);
      n = needsWord(x7);
      x7 = (x7 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      c += 8;
      c = c >= period ? c - period : c;
    }
    states[0] = x0;
    states[1] = x1;
    states[2] = x2;
    states[3] = x3;
    states[4] = x4;
    states[5] = x5;
    states[6] = x6;
    states[7] = x7;
    return p;
  }

  private int decode8Alone(int[] t, byte[] symbols, int from, int to) {
    byte[] words = window;
    int p = at;
    int x0 = states[0];
    int x1 = states[1];
    int x2 = states[2];
    int x3 = states[3];
    int x4 = states[4];
    int x5 = states[5];
    int x6 = states[6];
    int x7 = states[7];
    for (int i = from; i < to; i += 8) {
      int e = t[x0 & (t.length - 1)];
      symbols[i] = (byte) e;
      x0 = advance(x0, e);
      int n = needsWord(x0);
      x0 = (x0 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = t[x1 & (t.length - 1)];
      symbols[i + 1] = (byte) e;
      x1 = advance(x1, e);
      n = needsWord(x1);
      x1 = (x1 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = t[x2 & (t.length - 1)];
      symbols[i + 2] = (byte) e;
      x2 = advance(x2, e);
      n = needsWord(x2);
      x2 = (x2 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = t[x3 & (t.length - 1)];
      symbols[i + 3] = (byte) e;
      x3 = advance(x3, e);
      n = needsWord(x3);
      x3 = (x3 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = t[x4 & (t.length - 1)];
      symbols[i + 4] = (byte) e;
      x4 = advance(x4, e);
      n = needsWord(x4);
      x4 = (x4 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = t[x5 & (t.length - 1)];
      symbols[i + 5] = (byte) e;
      x5 = advance(x5, e);
      n = needsWord(x5);
      x5 = (x5 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = t[x6 & (t.length - 1)];
      symbols[i + 6] = (byte) e;
      x6 = advance(x6, e);
      n = needsWord(x6);
      x6 = (x6 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
      e = t[x7 & (t.length - 1)];
      symbols[i + 7] = (byte) e;
      x7 = advance(x7, e);
      n = needsWord(x7);
      x7 = (x7 << (n << 4)) | (word(words, p) & -n);
      p += n << 1;
    }
    states[0] = x0;
    states[1] = x1;
    states[2] = x2;
    states[3] = x3;
    states[4] = x4;
    states[5] = x5;
    states[6] = x6;
    states[7] = x7;
    return p;
  }

  private static int slot(int[] slots, int x) {
    return slots[x & (slots.length - 1)];
  }

  private static int advance(int x, int e) {
    return (e >>> 20) * (x >>> PROBABILITY_BITS) + ((e >>> 8) & SLOT_MASK);
  }

  /** 1 when the state is below 2^16, else 0. */
  private static int needsWord(int x) {
    return ((x >>> 16) - 1) >>> 31;
  }

  private static int word(byte[] words, int p) {
    return (short) SHORT.get(words, p) & 0xFFFF;
  }
}
