package dev.cleave.split.bundle;

import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.error.SplitException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Takes compiled models into the device half of a bundle that stands, each with a record of what it
 * was compiled from, in place of those of the same kind and length; the bundle gets a new id. Steps
 * and what a crash leaves are as {@link CodecWriter}'s. One call at a time for a bundle.
 */
public final class CompiledWriter {
  private static final String TEMPORARY = ".compiled-writing.tmp";

  /** A compiled model to be taken in. Immutable: the bytes are nobody else's. */
  public static final class Model {
    private final CompiledName name;
    private final byte[] content;
    private final String record;

    /**
     * A model.
     *
     * @param content its bytes; copied
     * @param record JSON of what it was compiled from
     */
    public Model(CompiledName.Kind kind, int positions, byte[] content, String record) {
      this.content = content.clone();
      this.name = CompiledName.of(kind, positions, content);
      this.record = record;
    }
  }

  private CompiledWriter() {}

  /**
   * Verifies the device half and renews the bundle; the server half need not be here, but wants the
   * new manifest.
   *
   * @param root the bundle's folder
   * @return the manifest with its new id
   * @throws MalformedBundle when the device half is damaged; nothing has changed then
   * @throws SplitException when it cannot be written; the bundle opens as before, or renewed
   */
  public static BundleManifest write(Path root, List<Model> models) {
    return write(root, models, changed -> {});
  }

  static BundleManifest write(Path root, List<Model> models, Renewal.Steps steps) {
    BundleManifest old = Bundle.open(root, Half.DEVICE).manifest();
    Renewal renewal = new Renewal(root, TEMPORARY, CompiledWriter::leavesBehind, steps);
    try {
      renewal.removeLeftovers(old);
      List<BundleFile> files = new ArrayList<>(old.files());
      for (Model model : models) {
        files.removeIf(file -> isReplaced(file, model.name));
        files.add(put(renewal, model.name.file(), model.content));
        byte[] record = model.record.getBytes(StandardCharsets.UTF_8);
        files.add(put(renewal, model.name.record(), record));
      }
      BundleManifest renewed =
          ManifestJson.sealed(old.model(), old.boundary(), old.limits(), files);
      renewal.publish(renewed);
      return renewed;
    } catch (IOException e) {
      throw new SplitException("renew", root.toString(), "cannot be written: " + e, e);
    }
  }

  private static boolean isReplaced(BundleFile file, CompiledName by) {
    return file.half() == Half.DEVICE
        && CompiledName.ofEither(file.name()).filter(by::replaces).isPresent();
  }

  private static BundleFile put(Renewal renewal, String name, byte[] content) throws IOException {
    String path = Half.DEVICE.folder() + "/" + name;
    renewal.replace(path, content);
    return new BundleFile(path, content.length, Sha256.hex(content));
  }

  /** Whether a path within a bundle is of a call that crashed, or may be. */
  static boolean leavesBehind(String path) {
    if (path.substring(path.lastIndexOf('/') + 1).equals(TEMPORARY)) {
      return true;
    }
    Optional<String> name =
        path.startsWith("device/") ? Optional.of(path.substring(7)) : Optional.empty();
    return name.flatMap(CompiledName::ofEither).isPresent();
  }
}
