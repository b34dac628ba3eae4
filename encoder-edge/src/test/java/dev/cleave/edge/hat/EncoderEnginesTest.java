package dev.cleave.edge.hat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.engine.EncoderEngine;
import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CompiledName;
import dev.cleave.split.bundle.CompiledWriter;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.hailo.CompiledModels;
import dev.cleave.split.hailo.HailoBuckets;
import dev.cleave.split.hailo.sim.SimCompiler;
import dev.cleave.split.hailo.sim.WeightBits;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncoderEnginesTest {
  private static final String LIBRARY = "cleave.hat.library";
  private static final String SIMULATOR = "cleave.hat.sim.library";

  @TempDir Path folder;

  @BeforeEach
  void begin() {
    System.setProperty(LIBRARY, folder.resolve("none.so").toString());
    System.setProperty(SIMULATOR, folder.resolve("none.so").toString());
  }

  @AfterEach
  void end() {
    System.clearProperty(LIBRARY);
    System.clearProperty(SIMULATOR);
  }

  private Bundle split(SplitOptions options) {
    SplitCompiler.split(
        Fixtures.file("bart", ""),
        folder.resolve("b"),
        options.withReplace(true),
        ProgressListener.NONE);
    return Bundle.open(folder.resolve("b"), Half.DEVICE);
  }

  private Bundle splitWithLengths() {
    return split(SplitOptions.defaults().withHailo(HailoBuckets.parse("8")));
  }

  private Bundle compiled(CompiledName.Kind kind) {
    Bundle bundle = splitWithLengths();
    switch (kind) {
      case SIM ->
          SimCompiler.compile(
              bundle.root(), List.of(LongBuffer.allocate(8)), WeightBits.EIGHT, done -> {});
      case HEF -> {
        String graph = CompiledModels.graphSha256(bundle.manifest(), 8).orElseThrow();
        byte[] content = {1, 'H', 'E', 'F'};
        CompiledWriter.write(bundle.root(), List.of(CompiledModels.model(kind, 8, content, graph)));
      }
    }
    return Bundle.open(bundle.root(), Half.DEVICE);
  }

  private static EncoderEngine open(Bundle bundle, EngineChoice choice) {
    return new EncoderEngines(bundle, new EncoderShape(bundle.manifest().width(), 64), 1)
        .open(choice);
  }

  private static void fails(Bundle bundle, EngineChoice choice, String... reasons) {
    assertThatThrownBy(() -> open(bundle, choice).close())
        .isInstanceOf(CleaveException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(reasons));
  }

  @Test
  void runsOnTheCpuWhereNothingElseIsThere() {
    for (Bundle bundle :
        List.of(
            split(SplitOptions.defaults()),
            splitWithLengths(),
            compiled(CompiledName.Kind.HEF),
            compiled(CompiledName.Kind.SIM))) {
      Bundle now = Bundle.open(bundle.root(), Half.DEVICE);
      try (EncoderEngine engine = open(now, EngineChoice.AUTO)) {
        assertThat(engine.name()).isEqualTo("ort");
      }
    }
  }

  @Test
  void doesNotTakeTheSimulatorUnasked() {
    System.setProperty(SIMULATOR, Simulator.file().toString());
    System.setProperty(LIBRARY, Simulator.file().toString());
    Bundle bundle = compiled(CompiledName.Kind.SIM);
    try (EncoderEngine engine = open(bundle, EngineChoice.AUTO)) {
      assertThat(engine.name()).isEqualTo("ort");
    }
    try (EncoderEngine engine = open(bundle, EngineChoice.HAT_SIM)) {
      assertThat(engine.name()).isEqualTo("hat-sim");
    }
    Bundle board = compiled(CompiledName.Kind.HEF);
    try (EncoderEngine engine = open(board, EngineChoice.AUTO)) {
      assertThat(engine.name()).isEqualTo("ort");
    }
    fails(board, EngineChoice.HAT, "the simulator", "--engine hat-sim");
  }

  @Test
  void namesTheNextMove() {
    fails(split(SplitOptions.defaults()), EngineChoice.HAT, "split again with --hailo");
    Bundle lengths = splitWithLengths();
    fails(lengths, EngineChoice.HAT, "device/hailo/README.md", "--engine ort");
    fails(lengths, EngineChoice.HAT_SIM, "cleave hat compile --bundle");
    fails(compiled(CompiledName.Kind.SIM), EngineChoice.HAT_SIM, "none.so", "g++");
    fails(compiled(CompiledName.Kind.HEF), EngineChoice.HAT, "none.so", "CLEAVE_HAT_LIBRARY");
  }

  @Test
  void refusesForDecoders() {
    EncoderEngines.requireCpu(EngineChoice.AUTO);
    EncoderEngines.requireCpu(EngineChoice.ORT);
    for (EngineChoice choice : List.of(EngineChoice.HAT, EngineChoice.HAT_SIM)) {
      assertThatThrownBy(() -> EncoderEngines.requireCpu(choice))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.INPUT))
          .hasMessageContaining("decoder-only");
    }
  }
}
