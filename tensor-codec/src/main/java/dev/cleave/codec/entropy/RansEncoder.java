package dev.cleave.codec.entropy;

import static dev.cleave.codec.entropy.Rans.LOWEST_STATE;
import static dev.cleave.codec.entropy.Rans.SHORT;
import static dev.cleave.codec.entropy.Rans.STATE_BYTES;
import static dev.cleave.codec.entropy.SymbolTable.RECIPROCAL_SHIFT;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Writes symbols as a {@link Rans} stream, last element first, into memory of its own: {@code
 * encode}, then {@link #bytes} and {@link #copyTo}. That memory grows to the largest stream, 1.5
 * bytes an element. Confined to one thread.
 */
public final class RansEncoder {
  private final long[] states = new long[Rans.MAX_LANES];
  private byte[] stream = new byte[0];
  private int lanes = 1;

  /** Where in the memory the last word written lies. */
  private int start;

  /**
   * Encodes elements whose tables repeat.
   *
   * @param symbols the first {@code count}, each of a frequency above 0 in its table
   */
  public void encode(TablePattern pattern, byte[] symbols, int count) {
    open(count);
    int whole = count - count % lanes;
    for (int i = count - 1; i >= whole; i--) {
      put(pattern.at(i), symbols[i] & 0xFF, i - whole);
    }
    SymbolTable single = pattern.single();
    if (single != null && lanes == Rans.MAX_LANES) {
      start = encode8Alone(single.symbols, symbols, whole);
      return;
    }
    long[][] tables = pattern.symbols;
    int period = pattern.period();
    start =
        switch (lanes) {
          case 1 -> encode1(tables, period, symbols, whole);
          case 2 -> encode2(tables, period, symbols, whole);
          case 4 -> encode4(tables, period, symbols, whole);
          default -> encode8(tables, period, symbols, whole);
        };
  }

  /** Starts a stream of so many elements, which {@link #put} then writes from the last on. */
  public void open(int count) {
    lanes = Rans.lanes(count);
    // 12 bits an element at most, and room for the one word that is written before it is needed.
    int room = count + count / 2 + 8;
    if (stream.length < room) {
      stream = new byte[room];
    }
    start = stream.length;
    Arrays.fill(states, LOWEST_STATE);
  }

  /**
   * Encodes one element alone.
   *
   * @param element its index; only its lane matters
   */
  public void put(SymbolTable table, int symbol, int element) {
    int lane = element & (lanes - 1);
    int s = symbol << 2;
    long x = states[lane];
    int n = givesWord(x, table.symbols[s + 1]);
    SHORT.set(stream, start - 2, (short) x);
    start -= n << 1;
    states[lane] = advance(x >>> (n << 4), table.symbols, s);
  }

  /** Length of the stream. */
  public int bytes() {
    return lanes * STATE_BYTES + stream.length - start;
  }

  /** Copies the stream to an index of a little-endian buffer; moves nothing. */
  public void copyTo(ByteBuffer out, int offset) {
    for (int i = 0; i < lanes; i++) {
      out.putInt(offset + i * STATE_BYTES, (int) states[i]);
    }
    out.put(offset + lanes * STATE_BYTES, stream, start, stream.length - start);
  }

  private int encode1(long[][] tables, int period, byte[] symbols, int groups) {
    byte[] words = stream;
    int p = start;
    int c = groups % period;
    long x0 = states[0];
    for (int i = groups - 1; i >= 0; i -= 1) {
      c -= 1;
      c = c < 0 ? c + period : c;
      long[] t = tables[c];
      int s = (symbols[i] & 0xFF) << 2;
      int n = givesWord(x0, t[s + 1]);
      SHORT.set(words, p - 2, (short) x0);
      p -= n << 1;
      x0 = advance(x0 >>> (n << 4), t, s);
    }
    states[0] = x0;
    return p;
  }

  private int encode2(long[][] tables, int period, byte[] symbols, int groups) {
    byte[] words = stream;
    int p = start;
    int c = groups % period;
    long x0 = states[0];
    long x1 = states[1];
    for (int i = groups - 2; i >= 0; i -= 2) {
      c -= 2;
      c = c < 0 ? c + period : c;
      long[] t = tables[c + 1];
      int s = (symbols[i + 1] & 0xFF) << 2;
      int n = givesWord(x1, t[s + 1]);
      SHORT.set(words, p - 2, (short) x1);
      p -= n << 1;
      x1 = advance(x1 >>> (n << 4), t, s);
      t = tables[c];
      s = (symbols[i] & 0xFF) << 2;
      n = givesWord(x0, t[s + 1]);
      SHORT.set(words, p - 2, (short) x0);
      p -= n << 1;
      x0 = advance(x0 >>> (n << 4), t, s);
    }
    states[0] = x0;
    states[1] = x1;
    return p;
  }

  private int encode4(long[][] tables, int period, byte[] symbols, int groups) {
    byte[] words = stream;
    int p = start;
    int c = groups % period;
    long x0 = states[0];
    long x1 = states[1];
    long x2 = states[2];
    long x3 = states[3];
    for (int i = groups - 4; i >= 0; i -= 4) {
      c -= 4;
      c = c < 0 ? c + period : c;
      long[] t = tables[c + 3];
      int s = (symbols[i + 3] & 0xFF) << 2;
      int n = givesWord(x3, t[s + 1]);
      SHORT.set(words, p - 2, (short) x3);
      p -= n << 1;
      x3 = advance(x3 >>> (n << 4), t, s);
      t = tables[c + 2];
      s = (symbols[i + 2] & 0xFF) << 2;
      n = givesWord(x2, t[s + 1]);
      SHORT.set(words, p - 2, (short) x2);
      p -= n << 1;
      x2 = advance(x2 >>> (n << 4), t, s);
      t = tables[c + 1];
      s = (symbols[i + 1] & 0xFF) << 2;
      n = givesWord(x1, t[s + 1]);
      SHORT.set(words, p - 2, (short) x1);
      p -= n << 1;
      x1 = advance(x1 >>> (n << 4), t, s);
      t = tables[c];
      s = (symbols[i] & 0xFF) << 2;
      n = givesWord(x0, t[s + 1]);
      SHORT.set(words, p - 2, (short) x0);
      p -= n << 1;
      x0 = advance(x0 >>> (n << 4), t, s);
    }
    states[0] = x0;
    states[1] = x1;
    states[2] = x2;
    states[3] = x3;
    return p;
  }

  private int encode8(long[][] tables, int period, byte[] symbols, int groups) {
    byte[] words = stream;
    int p = start;
    int c = groups % period;
    long x0 = states[0];
    long x1 = states[1];
    long x2 = states[2];
    long x3 = states[3];
    long x4 = states[4];
    long x5 = states[5];
    long x6 = states[6];
    long x7 = states[7];
    for (int i = groups - 8; i >= 0; i -= 8) {
      c -= 8;
      c = c < 0 ? c + period : c;
      long[] t = tables[c + 7];
      int s = (symbols[i + 7] & 0xFF) << 2;
      int n = givesWord(x7, t[s + 1]);
      SHORT.set(words, p - 2, (short) x7);
      p -= n << 1;
      x7 = advance(x7 >>> (n << 4), t, s);
      t = tables[c + 6];
      s = (symbols[i + 6] & 0xFF) << 2;
      n = givesWord(x6, t[s + 1]);
      SHORT.set(words, p - 2, (short) x6);
      p -= n << 1;
      x6 = advance(x6 >>> (n << 4), t, s);
      t = tables[c + 5];
      s = (symbols[i + 5] & 0xFF) << 2;
      n = givesWord(x5, t[s + 1]);
      SHORT.set(words, p - 2, (short) x5);
      p -= n << 1;
      x5 = advance(x5 >>> (n << 4), t, s);
      t = tables[c + 4];
      s = (symbols[i + 4] & 0xFF) << 2;
      n = givesWord(x4, t[s + 1]);
      SHORT.set(words, p - 2, (short) x4);
      p -= n << 1;
      x4 = advance(x4 >>> (n << 4), t, s);
      t = tables[c + 3];
      s = (symbols[i + 3] & 0xFF) << 2;
      n = givesWord(x3, t[s + 1]);
      SHORT.set(words, p - 2, (short) x3);
      p -= n << 1;
      x3 = advance(x3 >>> (n << 4), t, s);
      t = tables[c + 2];
      s = (symbols[i + 2] & 0xFF) << 2;
      n = givesWord(x2, t[s + 1]);
      SHORT.set(words, p - 2, (short) x2);
      p -= n << 1;
      x2 = advance(x2 >>> (n << 4), t, s);
      t = tables[c + 1];
      s = (symbols[i + 1] & 0xFF) << 2;
      n = givesWord(x1, t[s + 1]);
      SHORT.set(words, p - 2, (short) x1);
      p -= n << 1;
      x1 = advance(x1 >>> (n << 4), t, s);
      t = tables[c];
      s = (symbols[i] & 0xFF) << 2;
      n = givesWord(x0, t[s + 1]);
      SHORT.set(words, p - 2, (short) x0);
      p -= n << 1;
      x0 = advance(x0 >>> (n << 4), t, s);
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

  private int encode8Alone(long[] t, byte[] symbols, int groups) {
    byte[] words = stream;
    int p = start;
    long x0 = states[0];
    long x1 = states[1];
    long x2 = states[2];
    long x3 = states[3];
    long x4 = states[4];
    long x5 = states[5];
    long x6 = states[6];
    long x7 = states[7];
    for (int i = groups - 8; i >= 0; i -= 8) {
      int s = (symbols[i + 7] & 0xFF) << 2;
      int n = givesWord(x7, t[s + 1]);
      SHORT.set(words, p - 2, (short) x7);
      p -= n << 1;
      x7 = advance(x7 >>> (n << 4), t, s);
      s = (symbols[i + 6] & 0xFF) << 2;
      n = givesWord(x6, t[s + 1]);
      SHORT.set(words, p - 2, (short) x6);
      p -= n << 1;
      x6 = advance(x6 >>> (n << 4), t, s);
      s = (symbols[i + 5] & 0xFF) << 2;
      n = givesWord(x5, t[s + 1]);
      SHORT.set(words, p - 2, (short) x5);
      p -= n << 1;
      x5 = advance(x5 >>> (n << 4), t, s);
      s = (symbols[i + 4] & 0xFF) << 2;
      n = givesWord(x4, t[s + 1]);
      SHORT.set(words, p - 2, (short) x4);
      p -= n << 1;
      x4 = advance(x4 >>> (n << 4), t, s);
      s = (symbols[i + 3] & 0xFF) << 2;
      n = givesWord(x3, t[s + 1]);
      SHORT.set(words, p - 2, (short) x3);
      p -= n << 1;
      x3 = advance(x3 >>> (n << 4), t, s);
      s = (symbols[i + 2] & 0xFF) << 2;
      n = givesWord(x2, t[s + 1]);
      SHORT.set(words, p - 2, (short) x2);
      p -= n << 1;
      x2 = advance(x2 >>> (n << 4), t, s);
      s = (symbols[i + 1] & 0xFF) << 2;
      n = givesWord(x1, t[s + 1]);
      SHORT.set(words, p - 2, (short) x1);
      p -= n << 1;
      x1 = advance(x1 >>> (n << 4), t, s);
      s = (symbols[i] & 0xFF) << 2;
      n = givesWord(x0, t[s + 1]);
      SHORT.set(words, p - 2, (short) x0);
      p -= n << 1;
      x0 = advance(x0 >>> (n << 4), t, s);
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

  /** 1 when the state must shrink before the symbol goes in, else 0. */
  private static int givesWord(long x, long most) {
    return (int) ((most - x) >>> 63);
  }

  private static long advance(long x, long[] t, int s) {
    return x + t[s + 2] + ((x * t[s]) >>> RECIPROCAL_SHIFT) * t[s + 3];
  }
}
