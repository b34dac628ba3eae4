package dev.cleave.lab.half;

import dev.cleave.edge.engine.LowerEngine;
import dev.cleave.edge.engine.LowerSession;
import dev.cleave.server.upper.Segment;
import dev.cleave.server.upper.TorchUpperEngine;
import dev.cleave.server.upper.UpperEngine;
import dev.cleave.server.upper.UpperOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.torch.WeightPrecision;
import java.lang.foreign.Arena;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Text that a model writes itself, through both halves, many texts side by side: each begins as a
 * session would and goes on with tokens that are drawn at temperature 1. What follows an end of
 * sequence is the model's own affair. Draws depend on the seed and the text's number alone.
 * Confined to one thread.
 */
public final class SelfWriting {
  private static final int SLOTS = 32;

  private final DeviceHalf device;
  private final LowerEngine lower;
  private final Openings openings;
  private final UpperEngine upper;
  private final Plan plan;
  private final LabProgress progress;
  private long written;

  /**
   * How much.
   *
   * @param texts how many
   * @param positions tokens of each
   * @param seed of the draws
   */
  public record Plan(int texts, int positions, long seed) {
    public Plan {
      if (texts < 1 || positions < 2) {
        throw new IllegalArgumentException(
            "texts must be at least 1 and positions 2: %d, %d".formatted(texts, positions));
      }
    }
  }

  /** A text while it is written. Not a record: it holds an array, and must not be printed. */
  private static final class Text {
    final int[] ids;
    final SplittableRandom random;
    int length;

    Text(int positions, SplittableRandom random) {
      this.ids = new int[positions];
      this.random = random;
    }

    boolean isWhole() {
      return length == ids.length;
    }
  }

  private SelfWriting(DeviceHalf device, UpperEngine upper, Plan plan, LabProgress progress) {
    this.device = device;
    this.lower = device.lower().orElseThrow();
    this.openings = device.openings();
    this.upper = upper;
    this.plan = plan;
    this.progress = progress;
  }

  /**
   * Writes texts.
   *
   * @param device of a model that is cut between two layers
   * @param serverHalf of the same bundle, verified
   * @return the ids of each, all of them {@code positions} long
   */
  public static List<int[]> texts(
      DeviceHalf device, Bundle serverHalf, Plan plan, LabProgress progress) {
    int slots = Math.min(SLOTS, plan.texts());
    UpperOptions options =
        new UpperOptions(
            "cpu",
            WeightPrecision.F32,
            new UpperOptions.Sizes(slots, plan.positions(), Math.max(slots, plan.positions())));
    try (UpperEngine upper = TorchUpperEngine.open(serverHalf, options)) {
      return new SelfWriting(device, upper, plan, progress).write(slots);
    }
  }

  private List<int[]> write(int slots) {
    List<int[]> all = new ArrayList<>();
    for (int from = 0; from < plan.texts(); from += slots) {
      List<Text> side = new ArrayList<>();
      for (int n = from; n < Math.min(from + slots, plan.texts()); n++) {
        side.add(begun(n));
      }
      try (Arena arena = Arena.ofShared()) {
        // shared: the lower layers of several sessions are computed side by side
        new Sessions(side, arena).write();
      }
      side.forEach(text -> all.add(text.ids));
    }
    return all;
  }

  /** The text with what it begins with. */
  private Text begun(int number) {
    Text text = new Text(plan.positions(), new SplittableRandom(mixed(plan.seed(), number)));
    int[] start = openings.of(number, text.random);
    // one token at least is the model's own
    text.length = Math.min(start.length, plan.positions() - 1);
    System.arraycopy(start, 0, text.ids, 0, text.length);
    return text;
  }

  private static long mixed(long seed, int number) {
    return new SplittableRandom(seed).nextLong() + number;
  }

  /** Texts that are written side by side, each in the slot of its index. */
  private final class Sessions {
    private final List<Text> texts;
    private final List<LowerSession> below = new ArrayList<>();
    private final LongBuffer ids;
    private final FloatBuffer hidden;
    private final int width = device.width();

    Sessions(List<Text> texts, Arena arena) {
      this.texts = texts;
      this.ids = Direct.longs(arena, Math.max(texts.size(), plan.positions()));
      this.hidden = Direct.floats(arena, Math.max(texts.size(), plan.positions()) * width);
    }

    void write() {
      try {
        for (int slot = 0; slot < texts.size(); slot++) {
          below.add(lower.open(plan.positions()));
          upper.allocate(slot, plan.positions());
          begin(slot);
        }
        List<Integer> open = open();
        while (!open.isEmpty()) {
          step(open);
          open = open();
        }
      } finally {
        below.forEach(LowerSession::close);
        IntStream.range(0, texts.size()).forEach(upper::free);
      }
    }

    private List<Integer> open() {
      return IntStream.range(0, texts.size())
          .filter(slot -> !texts.get(slot).isWhole())
          .boxed()
          .toList();
    }

    private void begin(int slot) {
      Text text = texts.get(slot);
      int start = text.length;
      for (int i = 0; i < start; i++) {
        ids.put(i, text.ids[i]);
      }
      below.get(slot).append(ids.slice(0, start), hidden);
      FloatBuffer logits =
          upper.step(List.of(new Segment(slot, 0, start, 1)), hidden, true).logits();
      draw(text, logits, 0);
      tell(text.length);
    }

    private void step(List<Integer> open) {
      IntStream.range(0, open.size())
          .parallel()
          .forEach(row -> {
            int slot = open.get(row);
            Text text = texts.get(slot);
            ids.put(row, text.ids[text.length - 1]);
            below.get(slot).append(ids.slice(row, 1), hidden.slice(row * width, width));
          });
      List<Segment> segments =
          open.stream().map(slot -> new Segment(slot, texts.get(slot).length - 1, 1, 1)).toList();
      FloatBuffer logits = upper.step(segments, hidden, true).logits();
      IntStream.range(0, open.size())
          .parallel()
          .forEach(row -> draw(texts.get(open.get(row)), logits, row));
      tell(open.size());
    }

    private void draw(Text text, FloatBuffer logits, int row) {
      float[] own = new float[upper.shape().vocabulary()];
      logits.get(row * own.length, own);
      text.ids[text.length++] = Draw.of(own, text.random);
    }

    private void tell(int tokens) {
      written += tokens;
      progress.at("writing text", (int) written, plan.texts() * plan.positions());
    }
  }
}
