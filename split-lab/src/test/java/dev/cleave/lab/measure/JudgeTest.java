package dev.cleave.lab.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.CodecMode;
import dev.cleave.lab.Bundles;
import dev.cleave.lab.half.DeviceHalf;
import dev.cleave.lab.half.Framing;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.lab.half.Sample;
import dev.cleave.lab.half.ServerHalf;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both halves of the reference model, measured. */
@SuppressWarnings("NullAway.Init") // set before all tests
class JudgeTest {
  private static final List<String> NOTES =
      List.of(
          "Pt c/o palpitations x 3 days. BP 148 over 92, HR 88.",
          "My card 4972 has been stolen, please block it.",
          "Return in eleven days. Previous reaction to trimethoprim.",
          "Rash.",
          "What does a loan of 51.88 euros cost? I have nothing else to add.");

  @TempDir static Path folder;
  private static DeviceHalf device;
  private static ServerHalf server;
  private static List<Sample> samples;
  private static int[][] answers;

  @BeforeAll
  static void open() {
    Path bundle = Bundles.reference(folder);
    device = DeviceHalf.open(Bundle.open(bundle, Half.DEVICE), 1);
    server = ServerHalf.open(Bundle.open(bundle, Half.SERVER), 64, 48);
    samples = new ArrayList<>();
    for (String note : NOTES) {
      int[] ids = device.tokenize(note);
      samples.add(device.encode(ids, Framing.ofUpload(ids.length), Map.of()));
    }
    answers = Answers.of(server, samples, "", LabProgress.NONE);
  }

  @AfterAll
  static void close() throws IOException {
    server.close();
    device.close();
  }

  @Test
  void answersAreThoseOfTheModel() {
    assertThat(device.text(answers[0]))
        .isEqualTo("reason: palpitations\nsince: 3 days\nvitals: BP 148/92, HR 88");
    for (int i = 0; i < answers.length; i++) {
      assertThat(Answers.of(server, samples.subList(i, i + 1), "", LabProgress.NONE)[0])
          .isEqualTo(answers[i]);
    }
  }

  @Test
  void rawStatesChangeNothingAndInt8Little() {
    Judge judge = Judge.of(server, samples, answers);
    CodingEffect raw = judge.effect(Codec.of(CodecMode.RAW_F32, device.width()));
    assertThat(raw.kl()).isLessThan(1e-7);
    assertThat(raw.agreement()).isEqualTo(1);
    // 32 bits, and 64 bytes of header a sample
    long elements = samples.stream().mapToLong(s -> (long) s.positions() * device.width()).sum();
    assertThat(raw.bitsPerElement()).isEqualTo(32 + 8.0 * 64 * samples.size() / elements);
    CodingEffect int8 = judge.effect(Codec.of(CodecMode.INT8, device.width()));
    assertThat(int8.kl()).isBetween(1e-8, 0.01);
    assertThat(int8.agreement()).isGreaterThan(0.95);
    assertThat(int8.bitsPerElement()).isLessThan(12);
    assertThat(judge.effect(Codec.of(CodecMode.INT8, device.width()))).isEqualTo(int8);
  }

  @Test
  void answersThroughRawStatesAreTheSame() {
    Codec raw = Codec.of(CodecMode.RAW_F32, device.width());
    assertThat(Answers.through(server, samples, raw, "", LabProgress.NONE)).isEqualTo(answers);
  }

  @Test
  void gradientsFollowTheSeed() {
    List<FloatBuffer> first = gradients(3);
    assertThat(gradients(3)).isEqualTo(first);
    assertThat(gradients(4)).isNotEqualTo(first);
    for (int i = 0; i < samples.size(); i++) {
      assertThat(first.get(i).remaining()).isEqualTo(samples.get(i).states().length);
    }
  }

  private static List<FloatBuffer> gradients(long seed) {
    return Gradients.of(server, samples, answers, seed, LabProgress.NONE).stream()
        .map(Gradients.Gradient::values)
        .toList();
  }
}
