package dev.cleave.split;

import dev.cleave.split.bundle.BundleManifest;
import java.nio.file.Path;

/**
 * What a split wrote.
 *
 * @param root the bundle
 * @param manifest its manifest; notes included
 * @param nanos it took
 */
public record SplitReport(Path root, BundleManifest manifest, long nanos) {}
