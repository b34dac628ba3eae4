package dev.cleave.codec.rate;

import dev.cleave.codec.entropy.Rans;
import dev.cleave.codec.entropy.RansEncoder;
import dev.cleave.codec.entropy.SymbolTable;
import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.payload.SideReader;
import dev.cleave.codec.payload.SideWriter;
import dev.cleave.codec.quantise.Plan;
import dev.cleave.codec.quantise.Quantiser;
import dev.cleave.codec.quantise.Symbols;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * A frame while its step is searched: coordinates, and what they became with the step tried last.
 * Grows to the largest frame; confined to one thread.
 */
final class RateFrame {
  private final int width;
  private final Rows rows;
  private final Quantiser quantiser;
  private final RansEncoder encoder = new RansEncoder();
  private final SideWriter head = new SideWriter();
  private final SideReader rawBits = new SideReader();
  private final SideReader escapes = new SideReader();
  private final Symbols symbols = new Symbols();
  private float[] quantised = new float[0];
  private float[] restored = quantised;
  private float[] original = quantised;
  private float[] coordinates = new float[0];
  private int positions;
  private int encodedStep;
  private int triedStep;

  RateFrame(int width, Rows rows, Quantiser quantiser) {
    this.width = width;
    this.rows = rows;
    this.quantiser = quantiser;
  }

  /** Takes the values of a new frame. */
  void analyse(FloatBuffer values, int at, int rowCount) {
    positions = rowCount;
    if (coordinates.length < rowCount * width) {
      coordinates = new float[rowCount * width];
    }
    rows.analyse(values, at, rowCount, coordinates);
    head.clear();
    rows.write(head, rowCount);
    triedStep = -1;
    encodedStep = -1;
  }

  /**
   * Zeroes the coordinates of smaller magnitude than this.
   *
   * @return how many of them are left that are not zero
   */
  int keepFrom(float least) {
    int kept = 0;
    for (int i = 0; i < elements(); i++) {
      if (Math.abs(coordinates[i]) < least) {
        coordinates[i] = 0;
      } else if (coordinates[i] != 0) {
        kept++;
      }
    }
    triedStep = -1;
    encodedStep = -1;
    return kept;
  }

  /** The root of the mean of the squares of all coordinates. */
  float rootMeanSquare() {
    double sum = 0;
    for (int i = 0; i < elements(); i++) {
      sum += (double) coordinates[i] * coordinates[i];
    }
    return (float) Math.sqrt(sum / elements());
  }

  int positions() {
    return positions;
  }

  int elements() {
    return positions * width;
  }

  /** The step whose symbols are at hand, or -1. */
  int triedStep() {
    return triedStep;
  }

  /** Quantises with a step; false when some index has no room. */
  boolean tryStep(int stepIndex) {
    encodedStep = -1;
    boolean fits = quantiser.quantise(plan(stepIndex), coordinates, positions, symbols);
    triedStep = fits ? stepIndex : -1;
    return fits;
  }

  /** About how many bytes the payload would take with this step; a large number when it cannot. */
  long estimateBytes(int stepIndex) {
    if (!tryStep(stepIndex)) {
      return Long.MAX_VALUE / 2;
    }
    long bits = quantiser.cost(plan(stepIndex), symbols) >> SymbolTable.COST_BITS;
    // Each lane's state has room for 16 bits more than it started with.
    int lanes = Rans.lanes(elements());
    return head.bytes() + lanes * (Rans.STATE_BYTES - 1L) + (bits + 7) / 8;
  }

  /**
   * The mean of squared errors over variances with the step tried last; or nearly that, when it is
   * on the same side of a limit.
   */
  double error(FloatBuffer values, int at, double limit) {
    double rounding = rows.rounding();
    // Rounding may be all there is to an error: where it decides, the values themselves are looked
    // at.
    if (rounding <= Math.sqrt(limit) / 8) {
      double error = errorOfCoordinates();
      double root = Math.sqrt(error);
      double most = root + rounding;
      double least = Math.max(0, root - rounding);
      if (most * most <= limit || least * least > limit) {
        return error;
      }
    }
    return errorOfValues(values, at);
  }

  private double errorOfCoordinates() {
    Plan plan = rewind();
    float perStep = 1 / plan.step();
    double sum = 0;
    for (int r = 0; r < positions; r++) {
      quantiser.dequantise(plan, symbols, r, 1, quantised);
      System.arraycopy(coordinates, r * width, original, 0, width);
      subtract(original, perStep, quantised);
      double gain = rows.gain(r);
      sum += gain * gain * Kernels.sumOfSquares(quantised, 0, width);
    }
    return sum * plan.step() * plan.step() / elements();
  }

  /** With one index for both arrays, which may be the same for all the compiler knows. */
  private void subtract(float[] values, float factor, float[] from) {
    for (int c = 0; c < width; c++) {
      from[c] -= values[c] * factor;
    }
  }

  private double errorOfValues(FloatBuffer values, int at) {
    Plan plan = rewind();
    double sum = 0;
    int batch = rows.batch(positions);
    for (int r = 0; r < positions; r += batch) {
      int count = Math.min(batch, positions - r);
      quantiser.dequantise(plan, symbols, r, count, quantised);
      rows.restore(r, count, plan.step(), quantised, restored);
      values.get(at + r * width, original, 0, count * width);
      sum += rows.error(r, count, original, restored);
    }
    return sum / elements();
  }

  private Plan rewind() {
    rawBits.open(symbols.rawBits().buffer(), 0, symbols.rawBits().bytes());
    escapes.open(symbols.escapes().buffer(), 0, symbols.escapes().bytes());
    quantiser.rewind(rawBits, escapes);
    int batch = rows.batch(positions);
    if (quantised.length < batch * width) {
      quantised = new float[batch * width];
      restored = new float[batch * width];
      original = new float[batch * width];
    }
    return plan(triedStep);
  }

  /** Length of the payload with the step tried last. */
  int bytes() {
    if (encodedStep != triedStep) {
      quantiser.encode(plan(triedStep), symbols, encoder);
      encodedStep = triedStep;
    }
    return head.bytes() + symbols.rawBits().bytes() + encoder.bytes() + symbols.escapes().bytes();
  }

  /** Writes that payload. */
  void copyTo(ByteBuffer out, int offset) {
    int to = offset;
    head.copyTo(out, to);
    to += head.bytes();
    symbols.rawBits().copyTo(out, to);
    to += symbols.rawBits().bytes();
    encoder.copyTo(out, to);
    to += encoder.bytes();
    symbols.escapes().copyTo(out, to);
  }

  private Plan plan(int stepIndex) {
    return quantiser.plan(stepIndex);
  }
}
