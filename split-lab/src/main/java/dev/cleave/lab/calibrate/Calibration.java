package dev.cleave.lab.calibrate;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.lab.measure.Answers;
import dev.cleave.lab.measure.DeviceHalf;
import dev.cleave.lab.measure.Gradients;
import dev.cleave.lab.measure.LabProgress;
import dev.cleave.lab.measure.Sample;
import dev.cleave.lab.measure.ServerHalf;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.split.bundle.CodecWriter;
import dev.cleave.split.bundle.Half;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
    long start = System.nanoTime();
    Bundle deviceHalf = Bundle.open(root, Half.DEVICE);
    Bundle serverHalf = Bundle.open(root, Half.SERVER);
    CalibrationText text = CalibrationText.read(textOf(root, deviceHalf, options));
    try (DeviceHalf device = DeviceHalf.open(deviceHalf, 1)) {
      Candidates candidates = new Candidates(device.width());
      Collection collection =
          Collection.of(device, text, options.maxTokens(), candidates::add, progress);
      int answer = Math.min(MAX_ANSWER, device.usualAnswer());
      try (ServerHalf server = ServerHalf.open(serverHalf, collection.longest(), answer)) {
        if (candidates.wantTransform()) {
          takeGradients(server, collection, options.seed(), candidates, progress);
        }
        progress.at("fitting profiles", 0, 1);
        List<Candidates.Candidate> fitted = candidates.fit();
        progress.at("fitting profiles", 1, 1);
        HeldOut heldOut = new HeldOut(device, server, collection.heldOut(), progress);
        Choice choice = Choice.of(heldOut, fitted, progress);
        BundleManifest manifest = write(root, text, collection, choice);
        return new CalibrationReport(
            root,
            manifest,
            new CalibrationReport.Scope(
                collection.fitted(),
                collection.heldOut().size(),
                heldOut.fields(),
                notes(collection, choice, manifest.width()),
                System.nanoTime() - start),
            choice.tried(),
            choice.rows());
      }
    }
  }

  private static Path textOf(Path root, Bundle device, CalibrationOptions options) {
    if (options.text().isPresent()) {
      return options.text().get();
    }
    boolean brought =
        device.manifest().files(Half.DEVICE).stream()
            .anyMatch(file -> file.name().equals(CalibrationText.FILE));
    if (!brought) {
      throw CleaveException.fatal(
          Code.INPUT,
          "the bundle at " + root + " brings no calibration text",
          "give some that is like what will be sent, one text a line: --text FILE");
    }
    return device.file(CalibrationText.FILE);
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
      Path root, CalibrationText text, Collection collection, Choice choice) {
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
                text.sha256()));
    return CodecWriter.write(root, profile, section);
  }

  private static List<String> notes(Collection collection, Choice choice, int width) {
    List<String> notes = new ArrayList<>(choice.notes());
    long good = (long) GOOD_TOKENS_PER_CHANNEL * width;
    if (collection.fittedTokens() < good) {
      notes.add(
          "the profile was fitted on %,d tokens; %,d are better for a boundary of width %d"
              .formatted(collection.fittedTokens(), good, width));
    }
    if (collection.tooLong() > 0) {
      notes.add("%,d texts are longer than the bundle takes".formatted(collection.tooLong()));
    }
    return notes;
  }
}
