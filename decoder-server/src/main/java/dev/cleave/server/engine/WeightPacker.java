package dev.cleave.server.engine;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.torch.PackedWeight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Hands a program its weights, one packed weight at a time, so that no second copy of all exists.
 */
public final class WeightPacker {
  private static final String NEXT_MOVE = "split the checkpoint again";

  private WeightPacker() {}

  /**
   * Checks that the file holds these tensors and no others, each in its shape.
   *
   * @param description the file that calls for them, for people
   */
  public static void check(
      Weights weights, List<CanonicalTensors.Tensor> tensors, Path file, String description) {
    Set<String> left = new TreeSet<>(weights.names());
    for (CanonicalTensors.Tensor tensor : tensors) {
      String name = tensor.name();
      if (!left.remove(name)) {
        throw refuse(file, "tensor " + name + " is missing");
      }
      if (!weights.info(name).shape().equals(tensor.shape())) {
        throw refuse(
            file,
            "tensor "
                + name
                + " is "
                + weights.info(name).shape()
                + " where "
                + description
                + " calls for "
                + tensor.shape());
      }
      if (!weights.info(name).dtype().isWeight()) {
        throw refuse(file, "tensor " + name + " is " + weights.info(name).dtype());
      }
    }
    if (!left.isEmpty()) {
      throw refuse(file, description + " knows no tensor " + left.iterator().next());
    }
  }

  /** Packs all, in the program's order. */
  public static void pack(
      TorchProgram program, List<PackedWeight> plan, Weights weights, Path file) {
    for (PackedWeight packed : plan) {
      try (Arena arena = Arena.ofConfined()) {
        pack(program, packed, weights, file, arena);
      }
    }
  }

  private static void pack(
      TorchProgram program, PackedWeight packed, Weights weights, Path file, Arena arena) {
    List<PtNDArray> parts = new ArrayList<>();
    try {
      for (PackedWeight.Part part : packed.parts()) {
        long[] shape = part.shape().stream().mapToLong(Long::longValue).toArray();
        long bytes = part.shape().stream().reduce((long) Float.BYTES, Math::multiplyExact);
        if (bytes > Integer.MAX_VALUE) {
          // a ByteBuffer cannot be longer, and DJL takes nothing else
          throw refuse(file, "tensor " + part.name().orElse("") + " has over 2 GiB as f32");
        }
        MemorySegment memory = arena.allocate(bytes, 64);
        part.name()
            .ifPresent(name ->
                Weights.readF32(weights.bytes(name), weights.info(name).dtype(), 0, memory));
        parts.add(
            program.alias(
                memory.asByteBuffer().order(ByteOrder.nativeOrder()), DataType.FLOAT32, shape));
      }
      try (IValue list = IValue.listFrom(parts.toArray(PtNDArray[]::new))) {
        program.call(packed.kind().method(), list);
      }
    } finally {
      parts.forEach(PtNDArray::close);
    }
  }

  private static EngineException refuse(Path file, String reason) {
    return new EngineException("open engine", file + ": " + reason, NEXT_MOVE, null);
  }
}
