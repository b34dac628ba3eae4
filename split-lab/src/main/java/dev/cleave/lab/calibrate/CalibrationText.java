package dev.cleave.lab.calibrate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.lab.measure.FieldScore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * The texts that a bundle is calibrated on. Immutable; never printed.
 *
 * @param texts in the order of the file
 * @param sha256 of the file
 */
record CalibrationText(List<Text> texts, String sha256) {
  /** The file that a bundle brings along. */
  static final String FILE = "calibration.jsonl";

  private static final long MAX_BYTES = 256L << 20;

  /**
   * One text.
   *
   * @param note what the device half reads
   * @param rightAnswer its fields, empty where the file has none
   */
  record Text(String note, Map<String, String> rightAnswer) {}

  CalibrationText {
    texts = List.copyOf(texts);
  }

  /** Reads one text a line, or one JSON object a line where the name ends in .jsonl. */
  static CalibrationText read(Path file) {
    byte[] bytes = bytes(file);
    List<Text> texts = new ArrayList<>();
    boolean json = file.toString().endsWith(".jsonl");
    ObjectMapper mapper = new ObjectMapper();
    int number = 0;
    for (String line : decode(file, bytes).split("\\R", -1)) {
      number++;
      if (!line.isBlank()) {
        texts.add(json ? parse(file, number, line, mapper) : new Text(line, Map.of()));
      }
    }
    if (texts.isEmpty()) {
      throw refused(file, "holds no text", "give one text a line");
    }
    return new CalibrationText(texts, sha256(bytes));
  }

  private static Text parse(Path file, int number, String line, ObjectMapper mapper) {
    try {
      JsonNode root = mapper.readTree(line);
      if (root.path("note").isTextual() && !root.path("note").textValue().isBlank()) {
        return new Text(
            root.path("note").textValue(), FieldScore.fields(root.path("answer").asText("")));
      }
    } catch (JsonProcessingException e) {
      // its message would quote the line
    }
    throw refused(
        file,
        "has no text in line " + number,
        "every line must be {\"note\": \"...\"}, with or without \"answer\"");
  }

  private static byte[] bytes(Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        throw refused(file, "is not there", "check the path");
      }
      if (Files.size(file) > MAX_BYTES) {
        throw refused(file, "has more than " + MAX_BYTES + " bytes", "give a part of it");
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw refused(file, "cannot be read", "check its permissions").causedBy(e);
    }
  }

  private static String decode(Path file, byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw refused(file, "is not UTF-8", "convert it");
    }
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static CleaveException refused(Path file, String what, String nextMove) {
    return CleaveException.fatal(Code.INPUT, "the calibration text " + file + " " + what, nextMove);
  }
}
