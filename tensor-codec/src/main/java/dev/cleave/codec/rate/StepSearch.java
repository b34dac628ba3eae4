package dev.cleave.codec.rate;

import dev.cleave.codec.quantise.Steps;
import java.nio.FloatBuffer;

/**
 * Finds the step that meets a target, starting at that of the frame before: in a steady stream two
 * or three steps are tried. Leaves the frame with the symbols of the step found. Confined to one
 * thread.
 */
final class StepSearch {
  /** An error of single precision must not push a frame over its target. */
  private static final double MARGIN = 1 - 1e-5;

  /** Sixteenths of an octave: the squared error grows by 2^(1/8) from one step to the next. */
  private static final double STEPS_PER_OCTAVE_OF_ERROR = 8;

  private static final double LN_2 = Math.log(2);

  /** Less of a step's error than this to spare is not worth another try. */
  private static final double SPARED_AT_FIRST = 0.9;

  private int last;
  private int settled = -1;
  private double spared;

  /**
   * @param first index of the step to start with
   */
  StepSearch(int first) {
    this.last = Math.clamp(first, 0, Steps.LAST);
  }

  /** The coarsest step whose error is at most this. */
  void meetError(RateFrame frame, FloatBuffer values, int at, double target) {
    double most = target * MARGIN;
    int fails = -1;
    int meets = Steps.LAST + 1;
    int next = last;
    double toSpare = 0;
    while (meets - fails > 1) {
      int step = Math.clamp(next, fails + 1, meets - 1);
      double error = frame.tryStep(step) ? frame.error(values, at, most) : Double.NaN;
      // Steps that an error of this size could spare, or needs.
      double spare = STEPS_PER_OCTAVE_OF_ERROR * Math.log(most / error) / LN_2;
      if (error <= most) {
        meets = step;
        if (spare < (step == settled ? spared : SPARED_AT_FIRST)) {
          break;
        }
        toSpare = spare;
        next = step - (int) Math.max(1, Math.min(spare, Steps.LAST));
      } else {
        if (Double.isNaN(error)) {
          throw new IllegalArgumentException(
              "values from position 0 on lie too far out for the step that the target needs: use RAW_F32");
        }
        fails = step;
        next = step + (int) Math.max(1, Math.ceil(Math.min(-spare, Steps.LAST)));
      }
    }
    if (meets > Steps.LAST) {
      throw new IllegalArgumentException(
          "from position 0 on, the finest step misses the target: aim at more distortion, or use RAW_F32");
    }
    if (meets - fails == 1) {
      // The step before does not do with so much to spare: it need not be tried the next time.
      settled = meets;
      spared = Math.max(SPARED_AT_FIRST, toSpare + 0.02);
    }
    settle(frame, meets);
  }

  /** The finest step whose payload takes at most so many bytes; false when none does. */
  boolean meetBytes(RateFrame frame, long most) {
    int fits = -1;
    int fails = Steps.LAST + 1;
    int next = last;
    while (fails - fits > 1) {
      int step = Math.clamp(next, fits + 1, fails - 1);
      long spare = most - frame.estimateBytes(step);
      // At most rates a step is worth a sixteenth of a bit per element.
      double steps = spare * 8.0 * 16 / frame.elements();
      if (spare >= 0) {
        fits = step;
        next = step + (int) Math.max(1, Math.min(steps, Steps.LAST));
      } else {
        fails = step;
        next = step - (int) Math.max(1, Math.min(Math.ceil(-steps), Steps.LAST));
      }
    }
    int step = fits;
    if (step >= 0 && frame.triedStep() != step) {
      frame.tryStep(step);
    }
    // The estimate is right to a few bytes: only the stream itself is exact.
    while (step >= 0 && frame.bytes() > most) {
      step--;
      if (step >= 0) {
        frame.tryStep(step);
      }
    }
    if (step < 0) {
      return false;
    }
    last = step;
    return true;
  }

  /** The step found last. */
  int found() {
    return last;
  }

  private void settle(RateFrame frame, int step) {
    if (frame.triedStep() != step) {
      frame.tryStep(step);
    }
    last = step;
  }
}
