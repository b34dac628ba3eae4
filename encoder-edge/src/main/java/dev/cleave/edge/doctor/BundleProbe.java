package dev.cleave.edge.doctor;

import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CompiledName;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.hailo.CompiledModels;
import dev.cleave.split.hailo.HailoHalf;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A bundle: whether it is whole, which halves are here, what of it is compiled for the board. */
final class BundleProbe {
  private BundleProbe() {}

  static Probe of(Optional<Path> bundle) {
    return bundle.isEmpty()
        ? Probe.quick(
            "bundle",
            () ->
                List.of(
                    Finding.notThere(
                        "bundle", "none was named", "./cleave doctor --bundle BUNDLE")))
        : new Probe(
            "bundle",
            "reading every byte of the bundle",
            Duration.ofMinutes(10),
            () -> look(bundle.get()));
  }

  static List<Finding> look(Path root) {
    BundleManifest manifest;
    try {
      manifest = Bundle.readManifest(root);
    } catch (SplitException e) {
      return List.of(
          Finding.problem(
              "bundle",
              String.valueOf(e.getMessage()),
              "./cleave split --model CHECKPOINT --out BUNDLE"));
    }
    List<Finding> findings = new ArrayList<>();
    findings.add(
        Finding.ok(
            "bundle",
            "%s (%s), id %s"
                .formatted(manifest.name(), manifest.architecture(), manifest.id().hex())));
    findings.addAll(device(root));
    findings.add(server(root));
    return findings;
  }

  private static List<Finding> device(Path root) {
    if (!Files.isDirectory(root.resolve(Half.DEVICE.folder()))) {
      return List.of(
          Finding.warning(
              "device-half", "not here", "copy BUNDLE/device here, beside bundle.json"));
    }
    Bundle bundle;
    try {
      bundle = Bundle.open(root, Half.DEVICE);
    } catch (SplitException e) {
      return List.of(damaged("device-half", e));
    }
    return List.of(whole("device-half", bundle), compiled(bundle));
  }

  private static Finding server(Path root) {
    if (!Files.isDirectory(root.resolve(Half.SERVER.folder()))) {
      return Finding.notThere("server-half", "not here, as it should be on a device", "");
    }
    try {
      return whole("server-half", Bundle.open(root, Half.SERVER));
    } catch (SplitException e) {
      return damaged("server-half", e);
    }
  }

  private static Finding whole(String key, Bundle half) {
    int files = half.manifest().files(half.half()).size();
    return Finding.ok(key, "%d files, all hashes right".formatted(files));
  }

  private static Finding damaged(String key, SplitException failure) {
    return Finding.problem(
        key, String.valueOf(failure.getMessage()), "copy the half again, or split the model again");
  }

  /** What of the device half is for the board, and for its simulator. */
  private static Finding compiled(Bundle device) {
    String key = "compiled-models";
    List<Integer> lengths = CompiledModels.lengths(device.manifest());
    if (lengths.isEmpty()) {
      return device.manifest().split() instanceof SplitPoint.Causal
          ? Finding.notThere(key, "decoder-only models run on ONNX Runtime alone", "")
          : Finding.notThere(
              key,
              "split without lengths for a board",
              "./cleave split --model CHECKPOINT --out BUNDLE --hailo 16,32,64");
    }
    try {
      String board = lengths(device, CompiledName.Kind.HEF);
      String simulator = lengths(device, CompiledName.Kind.SIM);
      String text =
          "graphs for %s positions; compiled for the board: %s; for the simulator: %s"
              .formatted(
                  String.join(", ", lengths.stream().map(String::valueOf).toList()),
                  board.isEmpty() ? "none" : board,
                  simulator.isEmpty() ? "none" : simulator);
      return board.isEmpty()
          ? Finding.notThere(key, text, "follow %s in BUNDLE/device".formatted(HailoHalf.README))
          : Finding.ok(key, text);
    } catch (SplitException e) {
      return Finding.problem(
          key, String.valueOf(e.getMessage()), "compile again, then: ./cleave split --hef");
    }
  }

  private static String lengths(Bundle device, CompiledName.Kind kind) {
    return String.join(
        ", ",
        CompiledModels.of(device, kind).stream()
            .map(it -> String.valueOf(it.name().positions()))
            .toList());
  }
}
