package dev.cleave.edge.doctor;

import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleFile;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.error.SplitException;
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
    for (Half half : Half.values()) {
      findings.add(half(root, half));
    }
    findings.add(compiled(manifest));
    return findings;
  }

  private static Finding half(Path root, Half half) {
    String key = half.folder() + "-half";
    if (!Files.isDirectory(root.resolve(half.folder()))) {
      return half == Half.SERVER
          ? Finding.notThere(key, "not here, as it should be on a device", "")
          : Finding.warning(key, "not here", "copy BUNDLE/device here, beside bundle.json");
    }
    try {
      Bundle bundle = Bundle.open(root, half);
      return Finding.ok(
          key, "%d files, all hashes right".formatted(bundle.manifest().files(half).size()));
    } catch (SplitException e) {
      return Finding.problem(
          key, String.valueOf(e.getMessage()), "copy the half again, or split the model again");
    }
  }

  private static Finding compiled(BundleManifest manifest) {
    List<String> models =
        manifest.files(Half.DEVICE).stream()
            .map(BundleFile::name)
            .filter(it -> it.endsWith(".hef"))
            .toList();
    return models.isEmpty()
        ? Finding.notThere(
            "compiled-models",
            "none for the board",
            "./cleave split ... --hailo 16,32,64, compile, ./cleave split --hef; see docs/hat.md")
        : Finding.ok("compiled-models", String.join(", ", models));
  }
}
