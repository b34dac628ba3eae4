package dev.cleave.codec.fit;

import dev.cleave.codec.profile.BasisKind;
import dev.cleave.codec.profile.Profile;
import java.util.List;
import java.util.Optional;

/**
 * What a fit found.
 *
 * @param tokens rows that the statistics were made from
 * @param heldOutTokens other rows, on which the candidates were judged
 * @param candidates the diagonal profile first, then those that could be judged
 * @param kept the kind of the candidate that was chosen
 * @param why in a sentence
 */
public record FitReport(
    long tokens, long heldOutTokens, List<Candidate> candidates, BasisKind kept, String why) {
  /** Copies the list, which must have the candidate that was kept. */
  public FitReport {
    candidates = List.copyOf(candidates);
    if (candidates.stream().noneMatch(it -> it.profile().basis().kind() == kept)) {
      throw new IllegalArgumentException("no candidate has the basis " + kept);
    }
  }

  /**
   * One profile that was tried. The bits are estimated by the code length of a uniform quantiser
   * with centroids, without headers; 0 where there were too few rows to judge by.
   *
   * @param profile of this candidate
   * @param bitsPerElement on the held-out rows
   * @param diagonalBitsPerElement what the diagonal profile needs there for the same distortion:
   *     channel-normalised, or, beside a {@link BasisKind#FISHER} candidate, weighted as its
   *     coordinates are
   */
  public record Candidate(Profile profile, double bitsPerElement, double diagonalBitsPerElement) {
    /** Bits per element that it saves; below 0 where it costs more. */
    public double gain() {
      return diagonalBitsPerElement - bitsPerElement;
    }
  }

  /** The profile that was chosen. */
  public Profile profile() {
    return candidate(kept).orElseThrow().profile();
  }

  /** The candidate of a kind, where it was judged. */
  public Optional<Candidate> candidate(BasisKind kind) {
    return candidates.stream().filter(it -> it.profile().basis().kind() == kind).findFirst();
  }
}
