package dev.cleave.split.block;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.error.MalformedBundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * {@code device/hailo/encoder.json}: an encoder's {@link StackSpec} as JSON, the same bytes for the
 * same description. Stateless and thread-safe.
 */
public final class EncoderJson {
  private static final int MAX_BYTES = 1 << 20;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private EncoderJson() {}

  /** The description as indented UTF-8 JSON. */
  public static byte[] write(StackSpec stack) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("format", 1);
    root.set("stack", DecoderJson.stack(stack));
    try {
      String text = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
      return (text + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads and validates.
   *
   * @throws MalformedBundle when the file is not there, not JSON, too large, or says what a
   *     description may not say
   */
  public static StackSpec read(Path file) {
    String subject = file.toString();
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new MalformedBundle(subject, "larger than " + MAX_BYTES + " bytes");
      }
      return SpecReader.encoder(MAPPER.readTree(Files.readAllBytes(file)), subject);
    } catch (IOException e) {
      throw new MalformedBundle(subject, "cannot be read: " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new MalformedBundle(subject, e.getMessage() + "; split the checkpoint again", e);
    }
  }
}
