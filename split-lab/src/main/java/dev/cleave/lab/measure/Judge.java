package dev.cleave.lab.measure;

import dev.cleave.lab.measure.ServerHalf.Worker;
import dev.cleave.server.engine.ForcedBatch;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Judges codecs on held-out samples: what the server half expects next along the answer to raw
 * states, with raw states and with those that arrive. The same samples always stand in the same
 * batches, so that two codecs differ by nothing else. For one thread at a time.
 */
public final class Judge {
  /** Rows of one computation; and elements of logits, 64 MB of floats. */
  private static final int MAX_ROWS = 16;

  private static final long MAX_LOGITS = 16 << 20;

  /** Distributions are kept where they fit into this, else computed again for every codec. */
  private static final long KEPT_BYTES = 128L << 20;

  private final ServerHalf server;
  private final List<Batch> batches;

  /** Samples of similar length. */
  private static final class Batch {
    private final List<Sample> samples;
    private final List<int[]> inputs;
    private final int[] lengths;
    private @Nullable Truth kept;

    Batch(List<Sample> samples, List<int[]> inputs) {
      this.samples = samples;
      this.inputs = inputs;
      this.lengths = inputs.stream().mapToInt(fed -> fed.length).toArray();
    }

    /** Logits of what arrives of each sample, and how many tokens its rows have. */
    FloatBuffer logits(Worker worker, List<Sample> arrived) {
      ForcedBatch forced = new ForcedBatch();
      for (int i = 0; i < arrived.size(); i++) {
        Sample sample = arrived.get(i);
        forced.add(FloatBuffer.wrap(sample.states()), sample.positions(), inputs.get(i));
      }
      return worker.forced().logits(forced);
    }

    int tokens() {
      return IntStream.of(lengths).max().orElseThrow();
    }
  }

  private Judge(ServerHalf server, List<Batch> batches) {
    this.server = server;
    this.batches = batches;
  }

  /**
   * A judge on these samples.
   *
   * @param answers to the raw states, as {@link Answers#of} gives them
   */
  public static Judge of(ServerHalf server, List<Sample> samples, int[][] answers) {
    int vocabulary = server.spec().head().vocabulary();
    List<Integer> order = new ArrayList<>(IntStream.range(0, samples.size()).boxed().toList());
    order.sort(Comparator.<Integer>comparingInt(i -> answers[i].length).thenComparing(i -> i));
    List<Batch> batches = new ArrayList<>();
    List<Sample> rows = new ArrayList<>();
    List<int[]> inputs = new ArrayList<>();
    long fed = 0;
    for (int i : order) {
      long logits = (rows.size() + 1L) * answers[i].length * vocabulary;
      if (!rows.isEmpty() && (rows.size() == MAX_ROWS || logits > MAX_LOGITS)) {
        batches.add(new Batch(List.copyOf(rows), List.copyOf(inputs)));
        rows.clear();
        inputs.clear();
      }
      rows.add(samples.get(i));
      inputs.add(Answers.inputs(server.spec(), answers[i]));
      fed += answers[i].length;
    }
    batches.add(new Batch(rows, inputs));
    Judge judge = new Judge(server, batches);
    if (fed * vocabulary * Float.BYTES <= KEPT_BYTES) {
      judge.keep();
    }
    return judge;
  }

  private void keep() {
    List<Truth> truths = server.each(batches, ServerHalf.Stage.QUIET, this::truth);
    for (int i = 0; i < batches.size(); i++) {
      batches.get(i).kept = truths.get(i);
    }
  }

  private Truth truth(Worker worker, Batch batch) {
    Truth kept = batch.kept;
    return kept != null
        ? kept
        : Truth.of(
            batch.logits(worker, batch.samples),
            batch.tokens(),
            server.spec().head().vocabulary(),
            batch.lengths);
  }

  /**
   * What the codec does.
   *
   * @throws IllegalArgumentException when it cannot meet its target
   */
  public CodingEffect effect(Codec codec) {
    return effect((worker, batch) -> {
      StreamCoding coding = codec.coding();
      double[] sums = judge(worker, batch, coding::sent);
      sums[3] = coding.frameBytes();
      sums[4] = coding.elements();
      return sums;
    });
  }

  /**
   * What another way of coding does, which is not one of frames.
   *
   * @param coding what arrives of a sample; called from several threads
   * @param bitsPerElement that it takes
   */
  public CodingEffect effect(UnaryOperator<Sample> coding, double bitsPerElement) {
    CodingEffect effect = effect((worker, batch) -> judge(worker, batch, coding));
    return new CodingEffect(effect.kl(), effect.agreement(), bitsPerElement);
  }

  private CodingEffect effect(BiFunction<Worker, Batch, double[]> task) {
    double[] all = new double[5];
    for (double[] part : server.each(batches, ServerHalf.Stage.QUIET, task)) {
      for (int i = 0; i < all.length; i++) {
        all[i] += part[i];
      }
    }
    return new CodingEffect(all[0] / all[2], all[1] / all[2], 8 * all[3] / all[4]);
  }

  private double[] judge(Worker worker, Batch batch, UnaryOperator<Sample> coding) {
    Truth truth = truth(worker, batch);
    double[] sums = new double[5];
    List<Sample> arrived = new ArrayList<>();
    for (Sample sample : batch.samples) {
      arrived.add(coding.apply(sample));
    }
    truth.compare(batch.logits(worker, arrived), batch.tokens(), batch.lengths, sums);
    return sums;
  }
}
