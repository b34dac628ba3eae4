package dev.cleave.split.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.cleave.split.error.MalformedCheckpoint;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The header of a safetensors file: 8 bytes little-endian length, that many bytes of JSON, data.
 *
 * <p>Every size is checked before it is used: length bound, dtype, shape product, offsets in order,
 * without overlap, without holes, and ending where the file ends.
 */
final class SafetensorsHeader {
  /** What the reference implementation allows. */
  static final long MAX_HEADER_BYTES = 100_000_000;

  static final int LENGTH_BYTES = 8;
  private static final int MAX_RANK = 16;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(8).maxNameLength(4096).build())
          .build();

  private final String file;
  private final long dataStart;
  private final long fileBytes;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

  private SafetensorsHeader(String file, long dataStart, long fileBytes) {
    this.file = file;
    this.dataStart = dataStart;
    this.fileBytes = fileBytes;
  }

  /** Checks the announced length against the file; the result is safe to map or allocate. */
  static long checkLength(String file, long length, long fileBytes) {
    if (length < 2 || length > MAX_HEADER_BYTES || length > fileBytes - LENGTH_BYTES) {
      throw new MalformedCheckpoint(
          file,
          "header length "
              + Long.toUnsignedString(length)
              + " is not within [2, "
              + Math.min(MAX_HEADER_BYTES, fileBytes - LENGTH_BYTES)
              + "]; the file is damaged or no safetensors file");
    }
    return length;
  }

  /** Parses and checks; {@code json} gives the header's bytes alone. */
  static Map<String, TensorInfo> parse(
      String file, InputStream json, long headerBytes, long fileBytes) {
    SafetensorsHeader header = new SafetensorsHeader(file, LENGTH_BYTES + headerBytes, fileBytes);
    try (JsonParser parser = JSON.createParser(json)) {
      header.expect(parser.nextToken(), JsonToken.START_OBJECT, "header");
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        if ("__metadata__".equals(name)) {
          parser.nextToken();
          parser.skipChildren();
        } else {
          header.entry(parser, name);
        }
      }
      if (parser.nextToken() != null) {
        throw header.fault("header", "has text after its end");
      }
    } catch (IOException e) {
      throw new MalformedCheckpoint(file, "header is not JSON: " + firstLine(e), e);
    }
    header.checkCover();
    return header.tensors;
  }

  private void entry(JsonParser parser, String name) throws IOException {
    String dtypeName = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    expect(parser.nextToken(), JsonToken.START_OBJECT, name);
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      JsonToken value = parser.nextToken();
      switch (field) {
        case "dtype" -> {
          expect(value, JsonToken.VALUE_STRING, name);
          dtypeName = parser.getText();
        }
        case "shape" -> shape = longs(parser, name, MAX_RANK);
        case "data_offsets" -> offsets = longs(parser, name, 2);
        default -> throw fault(name, "has an unknown field " + field);
      }
    }
    if (dtypeName == null || shape == null || offsets == null || offsets.size() != 2) {
      throw fault(name, "needs dtype, shape and two data_offsets");
    }
    add(name, dtype(name, dtypeName), shape, offsets);
  }

  private void add(String name, DType dtype, List<Long> shape, List<Long> offsets) {
    long begin = offsets.get(0);
    long end = offsets.get(1);
    long dataBytes = fileBytes - dataStart;
    if (begin < 0 || end < begin || end > dataBytes) {
      throw fault(
          name,
          "data_offsets ["
              + begin
              + ", "
              + end
              + "] are outside of the "
              + dataBytes
              + " data bytes");
    }
    long expected = dtype.bytes();
    try {
      for (long size : shape) {
        if (size < 0) {
          throw fault(name, "shape " + shape + " has a negative size");
        }
        expected = Math.multiplyExact(expected, size);
      }
    } catch (ArithmeticException e) {
      throw fault(name, "shape " + shape + " overflows");
    }
    if (expected != end - begin) {
      throw fault(
          name,
          dtype
              + " "
              + shape
              + " is "
              + expected
              + " bytes, but data_offsets span "
              + (end - begin));
    }
    tensors.put(name, new TensorInfo(name, dtype, shape, dataStart + begin, expected));
  }

  /** Neither overlap nor hole nor tail: each tensor starts where the one before it ends. */
  private void checkCover() {
    List<TensorInfo> byOffset = new ArrayList<>(tensors.values());
    byOffset.sort(
        Comparator.comparingLong(TensorInfo::offset).thenComparingLong(TensorInfo::bytes));
    long at = dataStart;
    for (TensorInfo info : byOffset) {
      if (info.offset() != at) {
        throw fault(
            info.name(),
            (info.offset() < at ? "overlaps the tensor before it" : "leaves a hole before it")
                + ": starts at byte "
                + info.offset()
                + ", expected "
                + at);
      }
      at += info.bytes();
    }
    if (at != fileBytes) {
      throw new MalformedCheckpoint(
          file, "has " + fileBytes + " bytes, but its tensors end at byte " + at);
    }
  }

  private static final Map<String, DType> DTYPES = new HashMap<>();

  static {
    for (DType dtype : DType.values()) {
      DTYPES.put(dtype.name(), dtype);
    }
  }

  private DType dtype(String name, String dtypeName) {
    DType dtype = DTYPES.get(dtypeName);
    if (dtype == null) {
      throw fault(name, "dtype " + dtypeName + " is unknown");
    }
    return dtype;
  }

  private List<Long> longs(JsonParser parser, String name, int max) throws IOException {
    expect(parser.currentToken(), JsonToken.START_ARRAY, name);
    List<Long> list = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      expect(parser.currentToken(), JsonToken.VALUE_NUMBER_INT, name);
      if (list.size() == max) {
        throw fault(name, "has an array of more than " + max + " numbers");
      }
      list.add(parser.getLongValue());
    }
    return list;
  }

  private void expect(@Nullable JsonToken token, JsonToken wanted, String name) {
    if (token != wanted) {
      throw fault(name, "header has " + token + " where " + wanted + " belongs");
    }
  }

  private MalformedCheckpoint fault(String name, String detail) {
    return new MalformedCheckpoint(file, "tensor " + name + " " + detail);
  }

  private static String firstLine(Exception e) {
    String message = String.valueOf(e.getMessage());
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end);
  }
}
