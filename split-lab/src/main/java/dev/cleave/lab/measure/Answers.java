package dev.cleave.lab.measure;

import dev.cleave.lab.half.DeviceHalf;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.lab.half.Sample;
import dev.cleave.lab.half.ServerHalf;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What the server half answers to samples, greedily: nothing where the model is cut between two
 * layers. Stateless.
 */
public final class Answers {
  /** Samples of one task: enough to keep all slots busy. */
  private static final int CHUNK = 48;

  private Answers() {}

  /**
   * The tokens of every answer, with the one that ends it.
   *
   * @param stage how the progress calls it
   */
  public static int[][] of(
      ServerHalf server, List<Sample> samples, String stage, LabProgress progress) {
    List<int[][]> parts =
        server.each(
            chunks(samples),
            (done, total) -> progress.at(stage, done, total),
            (worker, chunk) -> worker.answers(chunk));
    List<int[]> all = new ArrayList<>();
    parts.forEach(part -> all.addAll(List.of(part)));
    return all.toArray(int[][]::new);
  }

  /** As {@link #of}, to what arrives of the samples through a codec. */
  public static int[][] through(
      ServerHalf server, List<Sample> samples, Codec codec, String stage, LabProgress progress) {
    List<int[][]> parts =
        server.each(
            chunks(samples),
            (done, total) -> progress.at(stage, done, total),
            (worker, chunk) -> {
              StreamCoding coding = codec.coding();
              return worker.answers(chunk.stream().map(coding::sent).toList());
            });
    List<int[]> all = new ArrayList<>();
    parts.forEach(part -> all.addAll(List.of(part)));
    return all.toArray(int[][]::new);
  }

  /** The share of fields that these answers have right, among samples with a right answer. */
  public static FieldScore score(DeviceHalf device, List<Sample> samples, int[][] answers) {
    FieldScore score = new FieldScore();
    for (int i = 0; i < answers.length; i++) {
      Map<String, String> right = samples.get(i).rightAnswer();
      if (!right.isEmpty()) {
        score.add(right, FieldScore.fields(device.text(answers[i])));
      }
    }
    return score;
  }

  private static List<List<Sample>> chunks(List<Sample> samples) {
    List<List<Sample>> chunks = new ArrayList<>();
    for (int from = 0; from < samples.size(); from += CHUNK) {
      chunks.add(samples.subList(from, Math.min(samples.size(), from + CHUNK)));
    }
    return chunks;
  }
}
