package dev.cleave.e2e;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds a prompt, or its token ids in any usual encoding, in bytes that crossed the network. */
final class Leaks {
  private Leaks() {}

  /** Names of what was found; empty when nothing was. */
  static List<String> find(byte[] crossed, String prompt, int[] tokenIds) {
    List<String> found = new ArrayList<>();
    look(found, "prompt as UTF-8", crossed, prompt.getBytes(StandardCharsets.UTF_8), 12, 1);
    look(found, "prompt as UTF-16LE", crossed, prompt.getBytes(StandardCharsets.UTF_16LE), 12, 1);
    look(found, "prompt as UTF-16BE", crossed, prompt.getBytes(StandardCharsets.UTF_16BE), 12, 1);
    look(found, "token ids as varint", crossed, varints(tokenIds), 12, 1);
    for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
      for (int bytes : new int[] {2, 4, 8}) {
        // Whole ids, at least four of them: small ids in wide integers are mostly zero bytes, and
        // runs of zero bytes are everywhere.
        look(
            found,
            "token ids as int" + 8 * bytes + " " + order,
            crossed,
            fixed(tokenIds, bytes, order),
            Math.max(12, 4 * bytes),
            bytes);
      }
    }
    return found;
  }

  private static void look(
      List<String> found, String what, byte[] crossed, byte[] secret, int window, int step) {
    if (secret.length < window) {
      throw new IllegalArgumentException(
          what + ": a secret of " + secret.length + " bytes is too short to look for");
    }
    Set<ByteBuffer> seen = new HashSet<>();
    for (int at = 0; at + window <= crossed.length; at++) {
      seen.add(ByteBuffer.wrap(crossed, at, window).slice());
    }
    for (int at = 0; at + window <= secret.length; at += step) {
      if (seen.contains(ByteBuffer.wrap(secret, at, window).slice())) {
        found.add(what + " (window at byte " + at + ")");
        return;
      }
    }
  }

  static byte[] varints(int[] ids) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int id : ids) {
      int rest = id;
      while (rest >= 0x80) {
        out.write((rest & 0x7f) | 0x80);
        rest >>>= 7;
      }
      out.write(rest);
    }
    return out.toByteArray();
  }

  static byte[] fixed(int[] ids, int bytes, ByteOrder order) {
    ByteBuffer out = ByteBuffer.allocate(ids.length * bytes).order(order);
    for (int id : ids) {
      switch (bytes) {
        case 2 -> out.putShort((short) id);
        case 4 -> out.putInt(id);
        default -> out.putLong(id);
      }
    }
    return out.array();
  }
}
