package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.Receipt;
import dev.cleave.edge.codec.CodecChoice;
import dev.cleave.lab.measure.FieldScore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The reference model is useful through the whole line: fields exactly right on the 40 held-out
 * notes that ship with it. Its card has the figures on many more.
 */
class ReferenceModelTest {
  /** One codec's line of the table: means over the notes, the distortion's before its logarithm. */
  private record Row(String codec, double right, double bits, double distortion, double bound) {
    @Override
    public String toString() {
      String loss =
          distortion == 0
              ? "exact"
              : String.format(Locale.ROOT, "%6.1f dB  %6.3f", 10 * Math.log10(distortion), bound);
      return String.format(Locale.ROOT, "%-14s  %6.3f  %12.3f  %s", codec, right, bits, loss);
    }
  }

  /**
   * How much fewer fields each codec may get right than none: one field of the 160 or so may fall
   * the other way, or a few where much is lost.
   */
  private static final Map<String, Double> ALLOWED =
      Map.of("raw", 0.0, "lossless", 0.0, "int4", 0.05, "small", 0.05, "rate:3", 0.05);

  @Test
  void answersHeldOutNotesThroughEveryCodec(@TempDir Path work) throws IOException {
    Path bundle = Bundles.calibratedReference(work);
    List<Row> rows = new ArrayList<>();
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "2");
        CleaveClient client = CleaveClient.open(bundle, server.address())) {
      for (String name : CodecChoice.names()) {
        rows.add(row(client, CodecChoice.parse(name.replace("BITS", "3"))));
      }
    }
    System.err.println("codec           fields  bits/element  distortion, bound at it");
    rows.forEach(System.err::println);
    double raw =
        rows.stream().filter(row -> row.codec().equals("raw")).findFirst().orElseThrow().right();
    assertThat(raw).isGreaterThan(0.85);
    assertThat(rows)
        .allSatisfy(row ->
            assertThat(row.right())
                .as("fields right as %s", row.codec())
                .isGreaterThanOrEqualTo(raw - ALLOWED.getOrDefault(row.codec(), 0.02)));
  }

  private static Row row(CleaveClient client, CodecChoice codec) throws IOException {
    GenerateOptions options = GenerateOptions.defaults().withCodec(codec);
    FieldScore score = new FieldScore();
    double bits = 0;
    double distortion = 0;
    double bound = 0;
    List<Bundles.Sample> samples = Bundles.samples();
    for (Bundles.Sample sample : samples) {
      try (Generation answer = client.generate(sample.note(), options)) {
        score.add(FieldScore.fields(sample.answer()), FieldScore.fields(answer.text()));
        bits += answer.receipt().sent().coding().bitsPerElement() / samples.size();
        Receipt.Measured measured =
            Objects.requireNonNull(answer.receipt().sent().coding().measured());
        if (measured.distortionDb() != null && measured.bound() != null) {
          distortion += Math.pow(10, measured.distortionDb() / 10) / samples.size();
          bound += measured.bound() / samples.size();
        }
      }
    }
    return new Row(codec.text(), score.share(), bits, distortion, bound);
  }
}
