package dev.cleave.lab.calibrate;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.lab.half.DeviceHalf;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.lab.half.Sample;
import dev.cleave.lab.half.ServerHalf;
import dev.cleave.lab.measure.Answers;
import dev.cleave.lab.measure.Gradients;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.split.bundle.CodecWriter;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Calibrates the codec of a bundle: fits its profile to states of the device half, chooses the
 * presets by what they do to the answers of the server half, and writes both into the bundle, which
 * gets a new id.
 *
 * <p>Stateless. Nothing is written before all is measured, so that an end before its time leaves
 * the bundle as it was.
 */
public final class Calibration {
  /** Answers are judged on so many tokens at most. */
  private static final int MAX_ANSWER = 128;

  /** Below so many tokens per channel a transform is not well known. */
  private static final int GOOD_TOKENS_PER_CHANNEL = 100;

  private Calibration() {}

  /**
   * Calibrates.
   *
   * @param root the bundle, with both halves
   * @param progress told of every stage
   * @throws CleaveException when there is no usable text, or no codec keeps what presets promise
   * @throws dev.cleave.split.error.SplitException when the bundle is damaged, lacks a half or
   *     cannot be written
   */
  public static CalibrationReport run(Path root, CalibrationOptions options, LabProgress progress) {
    Halves halves = Halves.open(root);
    // found out before any engine is opened
    Optional<CalibrationText> text =
        textOf(root, halves.device, options).map(CalibrationText::read);
    return run(
        halves,
        device ->
            text.isPresent()
                ? Prompts.of(device, text.get(), options.maxTokens())
                : Prompts.own(
                    Prompts.written(
                        device, halves.server, ownTokens(options), options.seed(), progress)),
        options.seed(),
        progress);
  }

  /**
   * Calibrates on texts that the model wrote, with this cut or another one.
   *
   * @param texts ids, as {@link dev.cleave.lab.half.SelfWriting} gives them
   * @param seed of the draws for gradients
   */
  public static CalibrationReport run(
      Path root, List<int[]> texts, long seed, LabProgress progress) {
    return run(Halves.open(root), device -> Prompts.own(texts), seed, progress);
  }

  /** Both halves, verified. */
  private record Halves(Path root, Bundle device, Bundle server) {
    static Halves open(Path root) {
      return new Halves(root, Bundle.open(root, Half.DEVICE), Bundle.open(root, Half.SERVER));
    }
  }

  private static CalibrationReport run(
      Halves halves, Function<DeviceHalf, Prompts> source, long seed, LabProgress progress) {
    long start = System.nanoTime();
    try (DeviceHalf device = DeviceHalf.open(halves.device, 1)) {
      Prompts prompts = source.apply(device);
      Candidates candidates = new Candidates(device.width(), device.lower().isPresent());
      Collection collection = Collection.of(device, prompts, candidates::add, progress);
      int answer = Math.min(MAX_ANSWER, device.usualAnswer());
      try (ServerHalf server = ServerHalf.open(halves.server, collection.longest(), answer)) {
        if (candidates.wantTransform()) {
          takeGradients(server, collection, seed, candidates, progress);
        }
        progress.at("fitting profiles", 0, 1);
        List<Candidates.Candidate> fitted = candidates.fit();
        progress.at("fitting profiles", 1, 1);
        HeldOut heldOut = new HeldOut(device, server, collection.heldOut(), progress);
        Choice choice = Choice.of(heldOut, fitted, progress);
        BundleManifest manifest = write(halves.root, prompts, collection, choice);
        return new CalibrationReport(
            halves.root,
            manifest,
            new CalibrationReport.Scope(
                collection.fitted(),
                collection.heldOut().size(),
                heldOut.fields(),
                notes(prompts, collection, choice, manifest.width()),
                System.nanoTime() - start),
            choice.tried(),
            choice.rows());
      }
    }
  }

  private static long ownTokens(CalibrationOptions options) {
    return options.maxTokens() > 0 ? options.maxTokens() : Prompts.OWN_TOKENS;
  }

  /** Empty where the model shall write it. */
  private static Optional<Path> textOf(Path root, Bundle device, CalibrationOptions options) {
    if (options.text().isPresent()) {
      return options.text();
    }
    if (device.manifest().has(Half.DEVICE, CalibrationText.FILE)) {
      return Optional.of(device.file(CalibrationText.FILE));
    }
    return switch (device.manifest().split()) {
      case SplitPoint.Causal _ -> Optional.empty();
      case SplitPoint.EncoderDecoder _ ->
          throw CleaveException.fatal(
              Code.INPUT,
              "the bundle at " + root + " brings no calibration text",
              "give some that is like what will be sent, one text a line: --text FILE");
    };
  }

  private static void takeGradients(
      ServerHalf server,
      Collection collection,
      long seed,
      Candidates candidates,
      LabProgress progress) {
    List<Sample> samples = collection.kept();
    int[][] answers = Answers.of(server, samples, "answering texts", progress);
    Gradients.of(server, samples, answers, seed, progress).forEach(candidates::add);
  }

  private static BundleManifest write(
      Path root, Prompts prompts, Collection collection, Choice choice) {
    byte[] profile = choice.chosen().profile().toBytes();
    CodecSection section =
        CodecSection.of(
            profile,
            choice.chosen().profile().hash().toString(),
            choice.presets(),
            new CodecSection.Calibration(
                collection.fittedTokens(),
                collection.heldOutTokens(),
                choice.chosen().basis(),
                choice.gainBits(),
                prompts.sha256()));
    return CodecWriter.write(root, profile, section);
  }

  private static List<String> notes(
      Prompts prompts, Collection collection, Choice choice, int width) {
    List<String> notes = new ArrayList<>(choice.notes());
    if (prompts.own()) {
      notes.add("the model wrote the text itself; --text FILE takes some like what will be sent");
    }
    long good = (long) GOOD_TOKENS_PER_CHANNEL * width;
    if (collection.fittedTokens() < good) {
      notes.add(
          "the profile was fitted on %,d tokens; %,d are better for a boundary of width %d"
              .formatted(collection.fittedTokens(), good, width));
    }
    if (prompts.tooLong() > 0) {
      notes.add("%,d texts are longer than the bundle takes".formatted(prompts.tooLong()));
    }
    return notes;
  }
}
