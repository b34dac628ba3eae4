package dev.cleave.lab.measure;

import dev.cleave.lab.half.Asked;
import dev.cleave.lab.half.Sample;
import dev.cleave.lab.half.ServerHalf;
import dev.cleave.lab.half.ServerHalf.Worker;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Judges codecs on held-out samples: what the server half expects next, along the answer to raw
 * states or along the text itself, with raw states and with those that arrive. The same samples
 * always stand in the same batches, so that two codecs differ by nothing else. For one thread at a
 * time.
 */
public final class Judge {
  /** Distributions are kept where they fit into this part of the heap, else computed again. */
  private static final int KEPT_PART = 8;

  private final ServerHalf server;
  private final List<Batch> batches;

  /** Samples of similar length. */
  private static final class Batch {
    private final List<Asked> rows;
    private @Nullable Truth kept;

    Batch(List<Asked> rows) {
      this.rows = rows;
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
    List<Asked> asked =
        IntStream.range(0, samples.size())
            .mapToObj(i -> server.asked(samples.get(i), answers[i]))
            .toList();
    List<Batch> batches =
        Batches.byLength(asked, server.vocabulary()).stream().map(Batch::new).toList();
    Judge judge = new Judge(server, batches);
    long distributions = asked.stream().mapToLong(Asked::count).sum();
    if (Truth.bytes(distributions, server.vocabulary())
        <= Runtime.getRuntime().maxMemory() / KEPT_PART) {
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
        : Truth.of(worker.forced().logits(batch.rows), server.vocabulary(), batch.rows);
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
    List<Asked> arrived = new ArrayList<>();
    for (Asked row : batch.rows) {
      arrived.add(row.of(coding.apply(row.sample()).states()));
    }
    truth.compare(worker.forced().logits(arrived), sums);
    return sums;
  }
}
