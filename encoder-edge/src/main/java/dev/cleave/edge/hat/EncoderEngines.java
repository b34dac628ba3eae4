package dev.cleave.edge.hat;

import dev.cleave.edge.engine.EncoderEngine;
import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.edge.engine.OrtEncoder;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CompiledName;
import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.hailo.CompiledModel;
import dev.cleave.split.hailo.CompiledModels;
import dev.cleave.split.hailo.HailoHalf;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens what shall compute an encoder. What was chosen is opened or refused with the next move;
 * where nothing was chosen, one line of the log says what it came to and why.
 *
 * @param half the device half, verified
 * @param shape of the boundary tensor
 * @param threads of the CPU, where that computes
 */
public record EncoderEngines(Bundle half, EncoderShape shape, int threads) {
  private static final Logger LOG = LoggerFactory.getLogger(EncoderEngines.class);

  /**
   * Opens an engine.
   *
   * @throws CleaveException when the choice cannot be met
   */
  public EncoderEngine open(EngineChoice choice) {
    return switch (choice) {
      case ORT -> ort();
      case HAT, HAT_SIM -> hat(choice);
      case AUTO -> automatic();
    };
  }

  /**
   * For models whose device half takes part in every token.
   *
   * @throws CleaveException when something else than the CPU was chosen
   */
  public static void requireCpu(EngineChoice choice) {
    if (choice == EngineChoice.HAT || choice == EngineChoice.HAT_SIM) {
      throw CleaveException.fatal(
          Code.INPUT,
          "--engine %s runs encoders, and this bundle's model is decoder-only: its device half"
                  .formatted(choice.text())
              + " takes part in every token",
          "use --engine ort, or leave it out");
    }
  }

  private EncoderEngine ort() {
    return OrtEncoder.open(half.file("encoder.onnx"), shape, threads);
  }

  /** Never the simulator. */
  private EncoderEngine automatic() {
    if (CompiledModels.lengths(half.manifest()).isEmpty()) {
      LOG.debug("engine=ort choice=auto reason=\"the bundle was split without --hailo\"");
      return ort();
    }
    try {
      EncoderEngine engine = hat(EngineChoice.HAT);
      LOG.info("engine=hat choice=auto reason=\"board, library and compiled models are there\"");
      return engine;
    } catch (CleaveException e) {
      LOG.info("engine=ort choice=auto reason=\"{}\"", e.getMessage());
      return ort();
    }
  }

  private EncoderEngine hat(EngineChoice choice) {
    boolean simulated = choice == EngineChoice.HAT_SIM;
    HatLibraries.Kind kind = simulated ? HatLibraries.Kind.SIMULATOR : HatLibraries.Kind.BOARD;
    List<CompiledModel> models = models(simulated);
    Path library = HatLibraries.here().find(kind).orElseThrow(() -> noLibrary(kind));
    HatEncoder engine =
        HatEncoder.open(
            new HatPlan(choice, library, models, half.file(HailoHalf.EMBEDDING), shape.width()));
    if (simulated) {
      LOG.info("engine=hat-sim library={} reason=\"a simulator, for development\"", library);
    }
    return engine;
  }

  private List<CompiledModel> models(boolean simulated) {
    CompiledName.Kind kind = simulated ? CompiledName.Kind.SIM : CompiledName.Kind.HEF;
    List<CompiledModel> models;
    try {
      models = CompiledModels.of(half, kind);
    } catch (MalformedBundle e) {
      throw CleaveException.fatal(
              Code.BUNDLE, String.valueOf(e.getMessage()), "or use --engine ort")
          .causedBy(e);
    }
    if (models.isEmpty()) {
      boolean split = !CompiledModels.lengths(half.manifest()).isEmpty();
      throw CleaveException.fatal(
          Code.BUNDLE,
          split
              ? "the bundle has no models compiled for the %s"
                  .formatted(simulated ? "simulator" : "AI HAT+")
              : "the bundle was split without lengths for the AI HAT+",
          !split
              ? "split again with --hailo, or use --engine ort"
              : simulated
                  ? "compile them with: cleave hat compile --bundle " + half.root()
                  : "compile them as %s/device/%s says, or use --engine ort"
                      .formatted(half.root(), HailoHalf.README));
    }
    return models;
  }

  private static CleaveException noLibrary(HatLibraries.Kind kind) {
    String places =
        String.join(", ", HatLibraries.here().places(kind).stream().map(Path::toString).toList());
    return CleaveException.fatal(
        Code.ENGINE,
        "no %s at %s".formatted(kind.file(), places.isEmpty() ? "any known place" : places),
        switch (kind) {
          case BOARD ->
              "build it on the machine with the board (cleave doctor says how), name it with "
                  + kind.environment()
                  + ", or use --engine ort";
          case SIMULATOR ->
              "install g++ and build again, name it with "
                  + kind.environment()
                  + ", or use --engine ort";
        });
  }
}
