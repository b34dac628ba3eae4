package dev.cleave.lab.calibrate;

import dev.cleave.codec.CodecMode;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.lab.calibrate.CalibrationReport.Row;
import dev.cleave.lab.calibrate.CalibrationReport.Tried;
import dev.cleave.lab.calibrate.Candidates.Candidate;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.lab.measure.BlockQuantiser;
import dev.cleave.lab.measure.Codec;
import dev.cleave.split.bundle.CodecSection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Chooses basis, quantiser and bytes on held-out samples. A search goes by a part of them; what was
 * found is held against its promise on all, and gets more bytes until it keeps it. Confined to one
 * thread; its results may be read when {@link #of} returned.
 */
final class Choice {
  /** Part of the bytes that a basis must save against a simpler one, and a trellis as well. */
  private static final double LEAST_SAVING = 0.03;

  /** The modes that aim at a size, the simplest first. */
  private static final List<CodecMode> QUANTISERS =
      Arrays.stream(CodecMode.values()).filter(CodecMode::hasTarget).toList();

  /** By how much the bytes grow when a promise was not kept, and how often at most. */
  private static final double GROWTH = 1.02;

  private static final double FIELD_GROWTH = 1.05;

  private static final int MAX_GROWTHS = 40;

  private final HeldOut heldOut;
  private final int width;
  private final LabProgress progress;
  private final Map<String, RateSearch> searches = new HashMap<>();
  private final List<Tried> tried = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();
  private final List<CodecSection.Preset> presets = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private Candidate chosen;
  private double gainBits;
  private int judged;
  private int held;

  private record Quantised(CodecMode mode, int bytes) {}

  private Choice(HeldOut heldOut, Candidate simplest, LabProgress progress) {
    this.heldOut = heldOut;
    this.width = heldOut.width();
    this.chosen = simplest;
    this.progress = progress;
  }

  /**
   * Chooses.
   *
   * @param candidates from the simplest on
   * @throws CleaveException when no preset's promise can be kept
   */
  static Choice of(HeldOut heldOut, List<Candidate> candidates, LabProgress progress) {
    Choice choice = new Choice(heldOut, candidates.getFirst(), progress);
    choice.chooseBasis(candidates);
    Codec int8 = Codec.of(CodecMode.INT8, choice.width);
    choice.rows.add(heldOut.rawRow());
    choice.rows.add(heldOut.row("int8", int8, heldOut.effectOnAll(int8)));
    Row int4 = heldOut.blocks(new BlockQuantiser(4));
    choice.rows.add(int4);
    choice.choosePreset(PresetGoal.TRANSPARENT);
    choice.choosePreset(PresetGoal.BALANCED);
    choice.choosePreset(PresetGoal.SMALL.noWorseThan(int4.effect().kl()));
    if (choice.presets.isEmpty()) {
      throw CleaveException.fatal(
          Code.INPUT,
          "no codec keeps what the presets promise on this bundle",
          "calibrate on text that is more like what will be sent");
    }
    return choice;
  }

  private void chooseBasis(List<Candidate> candidates) {
    PresetGoal goal = PresetGoal.BALANCED;
    int guess = goal.guess(width);
    int simplest = 0;
    int best = 0;
    int fewest = 0;
    List<Integer> bytes = new ArrayList<>();
    for (Candidate candidate : candidates) {
      Optional<RateSearch.Found> found =
          searching(candidate, QUANTISERS.getFirst()).fewest(goal.kl(), guess);
      bytes.add(found.map(RateSearch.Found::bytesPerPosition).orElse(0));
      if (found.isEmpty()) {
        continue;
      }
      guess = found.get().bytesPerPosition();
      tried.add(tried(candidate, QUANTISERS.getFirst(), found.get()));
      simplest = simplest == 0 ? guess : simplest;
      if (fewest == 0 || guess < fewest * (1 - LEAST_SAVING)) {
        fewest = guess;
        best = bytes.size() - 1;
      }
    }
    chosen = candidates.get(best);
    gainBits = 8.0 * (simplest - fewest) / width;
  }

  private void choosePreset(PresetGoal goal) {
    Optional<Quantised> found = search(goal);
    if (found.isEmpty()) {
      notes.add(
          String.format(
              Locale.ROOT,
              "no %s preset: no size up to 16 bits per element keeps %s nats",
              goal.name(),
              goal.kl()));
      return;
    }
    Optional<Row> kept = keptFields(goal, found.get());
    if (kept.isEmpty()) {
      notes.add("no %s preset: it did not keep the fields".formatted(goal.name()));
      return;
    }
    if (goal.equals(PresetGoal.BALANCED)) {
      String quantiser = HeldOut.nameOf(found.get().mode());
      tried.replaceAll(
          t -> t.withChosen(t.basis().equals(chosen.basis()) && t.mode().equals(quantiser)));
    }
    rows.add(kept.get());
    presets.add(heldOut.preset(kept.get()));
  }

  /** With as many more bytes as it takes to keep the divergence on all samples. */
  private Optional<Quantised> grown(PresetGoal goal, Quantised start) {
    int bytes = start.bytes();
    for (int n = 0; n < MAX_GROWTHS; n++) {
      Codec codec = Codec.constant(start.mode(), chosen.profile(), bytes);
      progress.at("holding presets against all texts", ++held, 0);
      double kl = heldOut.effectOnAll(codec).kl();
      if (kl <= goal.kl()) {
        return Optional.of(new Quantised(start.mode(), bytes));
      }
      // half of what it would take at high rate: the other half is seen on the way
      double ahead =
          kl < Double.POSITIVE_INFINITY
              ? Math.log(kl / goal.kl()) / Math.log(4) * width / 8 / 2
              : 0;
      bytes += (int) Math.max(1, Math.round(Math.max(bytes * (GROWTH - 1), ahead)));
    }
    return Optional.empty();
  }

  /** With as many more bytes as it takes to keep the fields, where the preset promises them. */
  private Optional<Row> keptFields(PresetGoal goal, Quantised start) {
    int bytes = start.bytes();
    for (int n = 0; n < MAX_GROWTHS; n++) {
      Codec codec = Codec.constant(start.mode(), chosen.profile(), bytes);
      Row row = heldOut.row(goal.name(), codec, heldOut.effectOnAll(codec));
      if (!goal.keepsFields() || heldOut.keepsFields(row)) {
        return Optional.of(row);
      }
      String note = goal.name() + " has more bytes than its divergence needs, for its fields";
      if (!notes.contains(note)) {
        notes.add(note);
      }
      bytes = Math.max(bytes + 1, (int) Math.round(bytes * FIELD_GROWTH));
    }
    return Optional.empty();
  }

  private static Tried tried(Candidate candidate, CodecMode mode, RateSearch.Found found) {
    return new Tried(
        candidate.basis(), HeldOut.nameOf(mode), found.bytesPerPosition(), found.effect(), false);
  }

  /** The simplest quantiser but where a finer one saves enough on all samples. */
  private Optional<Quantised> search(PresetGoal goal) {
    Optional<Quantised> best = Optional.empty();
    int guess = goal.guess(width);
    for (CodecMode mode : QUANTISERS) {
      Optional<RateSearch.Found> found = searching(chosen, mode).fewest(goal.kl(), guess);
      if (found.isEmpty()) {
        continue;
      }
      int bytes = found.get().bytesPerPosition();
      if (goal.equals(PresetGoal.BALANCED) && mode != QUANTISERS.getFirst()) {
        tried.add(tried(chosen, mode, found.get()));
      }
      Optional<Quantised> kept = grown(goal, new Quantised(mode, bytes));
      if (kept.isPresent()
          && (best.isEmpty() || kept.get().bytes() <= (1 - LEAST_SAVING) * best.get().bytes())) {
        best = kept;
      }
      // the next saves a tenth of a bit per element or so
      guess = Math.max(1, bytes - (int) Math.round(0.1 * width / 8));
    }
    return best;
  }

  /** The search among this profile's sizes, with what it judged before. */
  private RateSearch searching(Candidate candidate, CodecMode mode) {
    return searches.computeIfAbsent(
        candidate.basis() + " " + mode,
        _ ->
            new RateSearch(
                width,
                bytes -> {
                  progress.at("searching the fewest bytes", ++judged, 0);
                  return heldOut.effectOnPart(Codec.constant(mode, candidate.profile(), bytes));
                }));
  }

  Candidate chosen() {
    return chosen;
  }

  /** Bits per element that the basis saves against the simplest. */
  double gainBits() {
    return gainBits;
  }

  List<Tried> tried() {
    return tried;
  }

  List<Row> rows() {
    return rows;
  }

  List<CodecSection.Preset> presets() {
    return presets;
  }

  List<String> notes() {
    return notes;
  }
}
