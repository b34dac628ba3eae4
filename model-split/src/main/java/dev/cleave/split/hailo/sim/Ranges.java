package dev.cleave.split.hailo.sim;

import dev.cleave.split.hailo.HailoHalf;
import dev.cleave.split.onnx.BucketEmitter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What values each activation takes, out of which come its scale and zero point. Confined to one
 * thread.
 */
final class Ranges implements Evaluator.Listener {
  /** Other text goes beyond what was measured; a quarter more costs 16 bits a third of one. */
  private static final float MARGIN = 1.25f;

  /** {@code exp} of minus this is far below half a step of 16 bits. */
  private static final double NOTHING = 20;

  /**
   * How a u16 stands for a real value: {@code (stored - zero) * scale}.
   *
   * @param scale positive
   * @param zero what stands for 0
   */
  record Quantisation(float scale, int zero) {
    private static final int MOST = 0xFFFF;

    /** Of values from low to high, which include 0. */
    static Quantisation of(double low, double high) {
      double span = Math.max(high - low, 1e-6);
      float scale = (float) (span / MOST);
      return new Quantisation(scale, (int) Math.clamp(Math.rint(-low / scale), 0, MOST));
    }
  }

  private final Map<String, float[]> limits = new HashMap<>();

  @Override
  public void activation(String name, float[] values) {
    float[] range = limits.computeIfAbsent(name, _ -> new float[2]);
    for (float value : values) {
      range[0] = Math.min(range[0], value);
      range[1] = Math.max(range[1], value);
    }
  }

  /**
   * Shares are known without measuring; the mask's follow from the scores, which are clipped to
   * their range: padding must stay nothing beside any token.
   *
   * @param biasSpread how far apart the attention's bias sets two keys
   */
  Map<String, Quantisation> quantisations(List<SimNode> program, double biasSpread) {
    Map<String, Quantisation> all = new HashMap<>();
    limits.forEach(
        (name, range) -> all.put(name, Quantisation.of(MARGIN * range[0], MARGIN * range[1])));
    for (SimNode node : program) {
      if (node.operation() == SimNode.Operation.SOFTMAX) {
        all.put(node.output(), Quantisation.of(0, 1));
      }
    }
    double apart = MARGIN * widestScores(program) + biasSpread;
    all.put(BucketEmitter.MASK, Quantisation.of(Math.min(HailoHalf.MASKED, -apart - NOTHING), 0));
    return all;
  }

  /** The difference of the largest and the smallest score that was seen, without the bias. */
  private double widestScores(List<SimNode> program) {
    double widest = 0;
    for (SimNode node : program) {
      float[] range = limits.get(node.output());
      if (node.operation() == SimNode.Operation.SCORES && range != null) {
        widest = Math.max(widest, range[1] - range[0]);
      }
    }
    return widest;
  }
}
