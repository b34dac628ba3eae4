package dev.cleave.split.hailo.sim;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.EncoderJson;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CompiledName;
import dev.cleave.split.bundle.CompiledWriter;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.hailo.CompiledModels;
import dev.cleave.split.hailo.EmbeddingTable;
import dev.cleave.split.hailo.HailoHalf;
import dev.cleave.split.onnx.AttentionBias;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Does for the simulator what the vendor's compiler does for the chip: weights are rounded per row,
 * every activation becomes 16 bits wide with the range that it has on text, and the models go into
 * the bundle. The program is made of the encoder's description, not of the graphs. Stateless.
 */
public final class SimCompiler {
  private SimCompiler() {}

  /**
   * Compiles the encoder for every length that the bundle has a graph for.
   *
   * @param root the bundle's folder; the server half need not be here
   * @param samples token ids of text like that which will be sent; longer ones are cut
   * @param measured told how many samples are done
   * @return the manifest with its new id
   * @throws SplitException when the bundle was split without lengths, there are no samples, or a
   *     model would not fit
   */
  public static BundleManifest compile(
      Path root, List<LongBuffer> samples, WeightBits bits, IntConsumer measured) {
    Bundle device = Bundle.open(root, Half.DEVICE);
    List<Integer> lengths = CompiledModels.lengths(device.manifest());
    if (lengths.isEmpty()) {
      throw new SplitException(
          "compile", root.toString(), "was split without lengths; split again with --hailo");
    }
    if (samples.isEmpty()) {
      throw new SplitException("compile", root.toString(), "there is no text to measure with");
    }
    StackSpec stack = EncoderJson.read(device.file(HailoHalf.DESCRIPTION));
    List<CompiledWriter.Model> models = new ArrayList<>();
    try (Weights weights = Weights.openFile(device.file(HailoHalf.WEIGHTS))) {
      List<SimNode> program = ProgramEmitter.emit(stack);
      SimConstants constants = new SimConstants(weights);
      Ranges ranges = new Ranges();
      try (EmbeddingTable table = EmbeddingTable.open(device.file(HailoHalf.EMBEDDING))) {
        Evaluator evaluator = new Evaluator(program, constants);
        int done = 0;
        for (LongBuffer sample : samples) {
          measure(stack, evaluator, table, shortened(sample, lengths.getLast()), ranges, constants);
          measured.accept(++done);
        }
      }
      Map<String, Ranges.Quantisation> quantisations =
          ranges.quantisations(program, spread(stack, constants));
      Quantiser quantiser = new Quantiser(stack, program, quantisations, constants);
      for (int positions : lengths) {
        byte[] file = quantiser.model(positions, bits, bias(stack, constants, positions));
        String graph = CompiledModels.graphSha256(device.manifest(), positions).orElseThrow();
        models.add(CompiledModels.model(CompiledName.Kind.SIM, positions, file, graph));
      }
    }
    return CompiledWriter.write(root, models);
  }

  private static LongBuffer shortened(LongBuffer ids, int most) {
    return ids.slice(ids.position(), Math.min(ids.remaining(), most));
  }

  private static void measure(
      StackSpec stack,
      Evaluator evaluator,
      EmbeddingTable table,
      LongBuffer ids,
      Ranges ranges,
      SimConstants constants) {
    int positions = ids.remaining();
    float[] embeddings = new float[positions * table.width()];
    table.gather(ids, FloatBuffer.wrap(embeddings));
    evaluator.run(embeddings, positions, bias(stack, constants, positions), ranges);
  }

  /** How far apart the attention's bias sets two keys at most. */
  private static double spread(StackSpec stack, SimConstants constants) {
    double low = 0;
    double high = 0;
    if (stack.block().self().relativeBias().isPresent()) {
      for (float value : constants.values(AttentionBias.NAME)) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    return high - low;
  }

  /** {@code [heads, positions, positions]}; empty where the attention has none. */
  static float[] bias(StackSpec stack, SimConstants constants, int positions) {
    AttentionSpec self = stack.block().self();
    return self.relativeBias()
        .map(bias -> {
          FloatBuffer table = FloatBuffer.wrap(constants.values(AttentionBias.NAME));
          return AttentionBias.spread(bias, self.heads(), table, positions).array();
        })
        .orElse(new float[0]);
  }
}
