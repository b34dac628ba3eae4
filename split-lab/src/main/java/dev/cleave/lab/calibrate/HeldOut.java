package dev.cleave.lab.calibrate;

import dev.cleave.codec.CodecMode;
import dev.cleave.lab.calibrate.CalibrationReport.Row;
import dev.cleave.lab.half.DeviceHalf;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.lab.half.Sample;
import dev.cleave.lab.half.ServerHalf;
import dev.cleave.lab.measure.Answers;
import dev.cleave.lab.measure.BlockQuantiser;
import dev.cleave.lab.measure.Codec;
import dev.cleave.lab.measure.CodingEffect;
import dev.cleave.lab.measure.FieldScore;
import dev.cleave.lab.measure.Judge;
import dev.cleave.split.bundle.CodecSection;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;

/** Measures codecs on the held-out samples. For one thread at a time. */
final class HeldOut {
  /** Samples that searches go by. */
  private static final int SEARCHED = 150;

  /** Tokens of these where the server half is asked behind each. */
  private static final long SEARCHED_CAUSAL_TOKENS = 1_200;

  /** How far the share of right fields may fall. */
  private static final double FIELD_LOSS = 0.002;

  private final DeviceHalf device;
  private final ServerHalf server;
  private final List<Sample> samples;
  private final LabProgress progress;
  private final Judge part;
  private final Judge all;
  private final OptionalDouble rawFields;
  private final long fields;

  /** Answers the samples from their raw states: what all else is held against. */
  HeldOut(DeviceHalf device, ServerHalf server, List<Sample> samples, LabProgress progress) {
    this.device = device;
    this.server = server;
    this.samples = samples;
    this.progress = progress;
    int[][] answers = Answers.of(server, samples, "answering held-out texts", progress);
    this.all = Judge.of(server, samples, answers);
    int searched = searched();
    this.part = samples.size() <= searched ? all : part(answers, searched);
    FieldScore score = Answers.score(device, samples, answers);
    this.fields = score.count();
    this.rawFields = fields == 0 ? OptionalDouble.empty() : OptionalDouble.of(score.share());
  }

  private int searched() {
    if (device.lower().isEmpty()) {
      return SEARCHED;
    }
    long tokens = samples.stream().mapToLong(Sample::positions).sum();
    return Math.clamp(SEARCHED_CAUSAL_TOKENS * samples.size() / tokens, 1, SEARCHED);
  }

  /** Some from everywhere: the text may be ordered. */
  private Judge part(int[][] answers, int count) {
    List<Sample> some = new ArrayList<>();
    int[][] theirs = new int[count][];
    for (int i = 0; i < count; i++) {
      int at = (int) ((long) i * samples.size() / count);
      some.add(samples.get(at));
      theirs[i] = answers[at];
    }
    return Judge.of(server, some, theirs);
  }

  int width() {
    return device.width();
  }

  /** Fields of the right answers; 0 where the text has none. */
  long fields() {
    return fields;
  }

  CodingEffect effectOnPart(Codec codec) {
    return part.effect(codec);
  }

  /** What it does; an infinite divergence where some states do not fit its target. */
  CodingEffect effectOnAll(Codec codec) {
    try {
      return all.effect(codec);
    } catch (IllegalArgumentException e) {
      return new CodingEffect(
          Double.POSITIVE_INFINITY, 0, 8.0 * codec.bytesPerPosition() / width());
    }
  }

  /** Raw states, whose answers are known. */
  Row rawRow() {
    Codec raw = Codec.of(CodecMode.RAW_F32, width());
    return new Row(
        "raw", nameOf(CodecMode.RAW_F32), raw.bytesPerPosition(), effectOnAll(raw), rawFields);
  }

  /** With the fields that are right through this codec. */
  Row row(String name, Codec codec, CodingEffect effect) {
    OptionalDouble right = OptionalDouble.empty();
    if (rawFields.isPresent()) {
      int[][] answers =
          Answers.through(server, samples, codec, "answering through " + name, progress);
      right = OptionalDouble.of(Answers.score(device, samples, answers).share());
    }
    return new Row(name, nameOf(codec.spec().mode()), codec.bytesPerPosition(), effect, right);
  }

  /** What blocks of 64 with a scale each do, which others send. */
  Row blocks(BlockQuantiser quantiser) {
    int width = width();
    UnaryOperator<Sample> sent =
        sample -> sample.withStates(quantiser.roundTrip(sample.states(), width));
    OptionalDouble right = OptionalDouble.empty();
    String name = "int%d blocks".formatted(quantiser.bits());
    if (rawFields.isPresent()) {
      List<Sample> arrived = samples.stream().map(sent).toList();
      int[][] answers = Answers.of(server, arrived, "answering through " + name, progress);
      right = OptionalDouble.of(Answers.score(device, samples, answers).share());
    }
    CodingEffect effect = all.effect(sent, quantiser.bitsPerElement());
    int bytes = (int) Math.ceil(quantiser.bitsPerElement() * width / 8);
    String mode = "int%d_block64".formatted(quantiser.bits());
    return new Row(name, mode, bytes, effect, right);
  }

  /** Whether about as many fields are right as with raw states. */
  boolean keepsFields(Row row) {
    return rawFields.isEmpty()
        || row.fieldAccuracy().orElse(0) >= rawFields.getAsDouble() - FIELD_LOSS;
  }

  /** A row as the bundle has it. */
  CodecSection.Preset preset(Row row) {
    CodecSection.FieldAccuracy accuracy =
        row.fieldAccuracy().isPresent()
            ? new CodecSection.FieldAccuracy(row.fieldAccuracy().getAsDouble(), rawFields.orElse(0))
            : null;
    return new CodecSection.Preset(
        row.name(),
        row.mode(),
        row.bytesPerPosition(),
        8.0 * row.bytesPerPosition() / width(),
        new CodecSection.Effect(row.effect().kl(), row.effect().agreement(), accuracy));
  }

  /** What the bundle calls a mode. */
  static String nameOf(CodecMode mode) {
    return mode.name().toLowerCase(Locale.ROOT);
  }
}
