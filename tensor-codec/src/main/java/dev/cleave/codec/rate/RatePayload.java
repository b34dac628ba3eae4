package dev.cleave.codec.rate;

import dev.cleave.codec.entropy.Rans;
import dev.cleave.codec.entropy.RansDecoder;
import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.payload.CorruptPayload;
import dev.cleave.codec.payload.Payload;
import dev.cleave.codec.payload.PayloadCodec;
import dev.cleave.codec.payload.SideReader;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.quantise.Plan;
import dev.cleave.codec.quantise.Plans;
import dev.cleave.codec.quantise.Quantiser;
import dev.cleave.codec.quantise.Symbols;
import dev.cleave.codec.quantise.TrellisQuantiser;
import dev.cleave.codec.quantise.UniformQuantiser;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The payload of the RATE modes. The step's index stands in the frame's header.
 *
 * <pre>
 *    +------------------------------------------------+
 *    | head: gains and massive entries of a profile,  |   {@link ProfileRows}
 *    |       or the frame's own scales                |   {@link StatisticsRows}
 *    +------------------------------------------------+
 *    | raw bits of the indices, the lowest first,     |   none at usual rates; whole bytes,
 *    | row by row                                     |   the rest of the last one zero
 *    +------------------------------------------------+
 *    | rANS stream, a symbol per coordinate           |   {@link dev.cleave.codec.entropy.Rans}
 *    +------------------------------------------------+
 *    | escapes: indices beyond the symbols, as signed |   one for each escape symbol
 *    | variable-length numbers, row by row            |
 *    +------------------------------------------------+
 *    | zeros                                          |   only with a target of bytes per position
 *    +------------------------------------------------+
 * </pre>
 *
 * <p>Nothing says how long a part is: each ends where what was read so far has it end, and the
 * payload must end, or be zero, behind the last.
 */
public final class RatePayload implements PayloadCodec {
  /** The likeliest symbol has 4093 slots of 4096 at most: log2(4096 / 4093) / 8 bytes each. */
  private static final int MOST_ELEMENTS_PER_BYTE = 7570;

  private final int width;
  private final RateTarget target;
  private final @Nullable Profile profile;
  private final Kind kind;
  private @Nullable Coder coder;

  /** Which quantiser. */
  public enum Kind {
    /** Nearest multiples of the step. */
    UNIFORM,
    /** Two quantisers of twice the step, chosen by a trellis. */
    TRELLIS
  }

  /**
   * Rows of {@code width} elements. Makes nothing before the first frame.
   *
   * @param used null for frames that carry statistics of their own; shared
   */
  public RatePayload(Kind kind, int width, RateTarget target, @Nullable Profile used) {
    this.kind = kind;
    this.width = width;
    this.target = target;
    this.profile = used;
  }

  @Override
  public int lanes(int positions) {
    return Rans.lanes((long) positions * width);
  }

  @Override
  public int stepIndex() {
    return coder == null ? 0 : coder.search.found();
  }

  @Override
  public long minBytes(int positions) {
    if (target instanceof RateTarget.BytesPerPosition constant) {
      return (long) positions * constant.bytes();
    }
    long states = (long) lanes(positions) * Rans.STATE_BYTES;
    long head =
        profile == null
            ? StatisticsRows.minHeadBytes(width, positions)
            : ProfileRows.minHeadBytes(profile, positions);
    return head + Math.max(states, positions * (long) width / MOST_ELEMENTS_PER_BYTE);
  }

  /**
   * {@inheritDoc}
   *
   * <p>With a target of distortion, 4 bytes an element, 2 a position and 64: the encoder refuses to
   * be longer, as LOSSLESS_F32 would be shorter.
   */
  @Override
  public long maxBytes(int positions) {
    long elements = (long) positions * width;
    return switch (target) {
      case RateTarget.Distortion _ -> Float.BYTES * elements + 2L * positions + 64;
      case RateTarget.BitsPerElement rate ->
          Math.max(rate.millibits() * elements / 8000, RateTarget.BitsPerElement.LEAST_BYTES);
      case RateTarget.BytesPerPosition constant -> (long) positions * constant.bytes();
    };
  }

  @Override
  public int encode(FloatBuffer values, int at, int positions, ByteBuffer out, int offset) {
    Coder used = coder();
    RateFrame frame = used.frame;
    frame.analyse(values, at, positions);
    long most = maxBytes(positions);
    if (target instanceof RateTarget.Distortion distortion) {
      used.search.meetError(frame, values, at, distortion.normalisedError());
      if (frame.bytes() > most) {
        throw new IllegalArgumentException(
            "from position 0 on, the target takes more bytes than the values have: use RAW_F32");
      }
    } else {
      meetBytes(used, values, at, most);
    }
    int bytes = frame.bytes();
    frame.copyTo(out, offset);
    if (!(target instanceof RateTarget.BytesPerPosition)) {
      return bytes;
    }
    for (int i = bytes; i < most; i++) {
      out.put(offset + i, (byte) 0);
    }
    return (int) most;
  }

  private static void meetBytes(Coder used, FloatBuffer values, int at, long most) {
    if (used.search.meetBytes(used.frame, most) || meetBytesThinned(used, most)) {
      return;
    }
    int positions = used.frame.positions();
    used.rows.allowMassive(false);
    try {
      used.frame.analyse(values, at, positions);
      if (used.search.meetBytes(used.frame, most) || meetBytesThinned(used, most)) {
        return;
      }
    } finally {
      used.rows.allowMassive(true);
    }
    throw new IllegalArgumentException(
        "the %d positions from position 0 on do not fit the target's %d bytes: aim at more"
            .formatted(positions, most));
  }

  /**
   * Leaves out the smaller coordinates, more and more of them, until the others fit. So does a row
   * get through that is tens of times as large as the profile expects, alone in its frame: what
   * makes it so large are a few coordinates, and a stream must not end for it.
   */
  private static boolean meetBytesThinned(Coder used, long most) {
    float least = used.frame.rootMeanSquare() / 8;
    while (Float.isFinite(least) && used.frame.keepFrom(least) > 0) {
      if (used.search.meetBytes(used.frame, most)) {
        return true;
      }
      least *= 1.5f;
    }
    return used.search.meetBytes(used.frame, most);
  }

  @Override
  public void decode(Payload in, FloatBuffer out, int at) {
    coder().decode(in, out, at, target instanceof RateTarget.BytesPerPosition);
  }

  private Coder coder() {
    if (coder == null) {
      coder = new Coder(kind, width, profile, target);
    }
    return coder;
  }

  /** What the first frame needs. */
  private static final class Coder {
    final StepSearch search;
    final RateFrame frame;
    private final int width;
    private final Rows rows;
    private final Quantiser quantiser;
    private final RansDecoder decoder = new RansDecoder();
    private final Symbols symbols = new Symbols();
    private final SideReader side = new SideReader();
    private final SideReader rawBits = new SideReader();
    private float[] quantised = new float[0];
    private float[] restored = quantised;

    Coder(Kind kind, int width, @Nullable Profile profile, RateTarget target) {
      this.width = width;
      this.rows = profile == null ? new StatisticsRows(width) : new ProfileRows(profile);
      Plans plans = profile == null ? Plans.unit(width) : Plans.of(profile);
      this.quantiser =
          switch (kind) {
            case UNIFORM -> new UniformQuantiser(plans);
            case TRELLIS -> new TrellisQuantiser(plans);
          };
      this.frame = new RateFrame(width, rows, quantiser);
      this.search = new StepSearch(firstStep(target));
    }

    /** About where a target of a normal source lies; later frames start with the one before. */
    private static int firstStep(RateTarget target) {
      return switch (target) {
        // err^2 = step^2 / 12, which is 6.02 dB for 16 steps.
        case RateTarget.Distortion it -> (int) (32 - 28.7 + it.centibels() / 37.6);
        case RateTarget.BitsPerElement it -> (int) (it.millibits() * 0.016);
        case RateTarget.BytesPerPosition _ -> 48;
      };
    }

    void decode(Payload in, FloatBuffer out, int at, boolean padded) {
      int end = in.offset() + in.bytes();
      int positions = in.positions();
      Plan plan = quantiser.plan(in.stepIndex());
      side.open(in.buffer(), in.offset(), end);
      rows.read(side, positions);
      long rawBytes = ((long) plan.rawBitsPerRow() * positions + 7) / 8;
      if (rawBytes > end - side.at()) {
        throw new CorruptPayload(end, "payload ends inside its raw bits");
      }
      int rawFrom = side.at();
      int ransFrom = rawFrom + (int) rawBytes;
      if (!decoder.open(in.buffer(), ransFrom, end, Rans.lanes((long) positions * width))) {
        throw new CorruptPayload(ransFrom, "rANS states are cut off or out of range");
      }
      rawBits.open(in.buffer(), rawFrom, ransFrom);
      quantiser.decode(plan, decoder, rawBits, positions, symbols);
      int ransEnd = decoder.close();
      if (ransEnd < 0) {
        throw new CorruptPayload(ransFrom, "rANS stream does not end where it must");
      }
      rawBits.open(in.buffer(), rawFrom, ransFrom);
      side.skipTo(ransEnd);
      quantiser.rewind(rawBits, side);
      int batch = rows.batch(positions);
      if (quantised.length < batch * width) {
        quantised = new float[batch * width];
        restored = new float[batch * width];
      }
      for (int r = 0; r < positions; r += batch) {
        int count = Math.min(batch, positions - r);
        quantiser.dequantise(plan, symbols, r, count, quantised);
        rows.restore(r, count, plan.step(), quantised, restored);
        requireFinite(count * width, side.at());
        out.put(at + r * width, restored, 0, count * width);
      }
      rawBits.endBits();
      end(in, side.at(), end, padded);
    }

    private void requireFinite(int elements, int offset) {
      if (!(Kernels.maxMagnitude(restored, 0, elements) <= Float.MAX_VALUE)) {
        throw new CorruptPayload(offset, "a value is not finite");
      }
    }

    private static void end(Payload in, int at, int end, boolean padded) {
      if (!padded && at != end) {
        throw new CorruptPayload(at, "payload goes on behind its last part");
      }
      for (int i = at; i < end; i++) {
        if (in.buffer().get(i) != 0) {
          throw new CorruptPayload(i, "padding is not zero");
        }
      }
    }
  }
}
