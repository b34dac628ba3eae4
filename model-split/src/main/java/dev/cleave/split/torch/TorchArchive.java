package dev.cleave.split.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The archive that {@code torch::jit::load} reads (torch/csrc/jit/serialization, 2.7): a zip whose
 * entries are stored, with one pickled module of class {@code __torch__.M} that has no parameters
 * and starts with empty tensor lists.
 */
final class TorchArchive {
  /**
   * The newest operator set of 2.7. An older number makes the loader replace operators by what they
   * once were: below 10, gelu has no approximation.
   */
  private static final String VERSION = "10\n";

  private TorchArchive() {}

  static byte[] of(String text, List<String> tensorLists) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      store(zip, "data.pkl", module(tensorLists));
      store(zip, "code/__torch__.py", text.getBytes(StandardCharsets.UTF_8));
      store(zip, "constants.pkl", latin1("\u0080\u0002)."));
      store(zip, "version", latin1(VERSION));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** {@code PROTO 2, GLOBAL __torch__ M, EMPTY_TUPLE, NEWOBJ, {attributes}, BUILD, STOP}. */
  private static byte[] module(List<String> tensorLists) {
    StringBuilder pickle = new StringBuilder("\u0080\u0002c__torch__\nM\n)\u0081}(");
    string(pickle, "training");
    pickle.append('\u0089');
    for (String name : tensorLists) {
      string(pickle, name);
      // a bare empty list would load as a list of anything
      pickle.append("ctorch.jit._pickle\nbuild_tensorlist\n]\u0085R");
    }
    return latin1(pickle.append("ub.").toString());
  }

  private static void string(StringBuilder pickle, String value) {
    pickle.append('X').append((char) value.length()).append("\0\0\0").append(value);
  }

  private static byte[] latin1(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry("decoder/" + name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setCrc(crc.getValue());
    entry.setTime(0);
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
