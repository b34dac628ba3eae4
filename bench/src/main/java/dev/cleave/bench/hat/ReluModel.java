package dev.cleave.bench.hat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The smallest model that the simulator takes (native/hat-ffm/SIMULATED-MODEL.md): x to its relu y,
 * both u16 [positions, features]. It computes next to nothing, so what is measured is the way there
 * and back.
 */
final class ReluModel {
  static final String INPUT = "x";
  static final String OUTPUT = "y";

  private static final int HEADER = 96;
  private static final int EDGE = 144;
  private static final int TENSOR = 80;
  private static final int NODE = 64;
  private static final int EDGE_NAME = 128;
  private static final int RELEASE = 5002;
  private static final int PROGRAM = 1;
  private static final int U16 = 2;
  private static final int ACTIVATION = 9;
  private static final int RELU = 1;
  private static final int CHECKSUM_OFFSET = 64;
  private static final byte[] MAGIC = {0x43, 0x4C, 0x56, 0x48, 0x45, 0x46, 0, 1};

  private ReluModel() {}

  static byte[] of(int positions, int features) {
    ByteBuffer file =
        ByteBuffer.allocate(HEADER + 2 * EDGE + 2 * TENSOR + NODE).order(ByteOrder.LITTLE_ENDIAN);
    file.put(MAGIC).putInt(1).putInt(RELEASE).putLong(file.capacity()).putInt(PROGRAM);
    file.putInt(2).putInt(1).putInt(2).position(HEADER);
    edge(file, INPUT, 0);
    edge(file, OUTPUT, 1);
    tensor(file, positions, features);
    tensor(file, positions, features);
    file.putInt(ACTIVATION).putInt(1).putInt(0).putInt(-1).putInt(-1).putInt(-1).putInt(RELU);
    byte[] bytes = file.array();
    file.position(CHECKSUM_OFFSET).put(sha256(bytes));
    return bytes;
  }

  private static void edge(ByteBuffer file, String name, int index) {
    int start = file.position();
    file.put(name.getBytes(StandardCharsets.UTF_8)).position(start + EDGE_NAME);
    file.putInt(index).putInt(index).putLong(0);
  }

  private static void tensor(ByteBuffer file, int positions, int features) {
    int start = file.position();
    file.putInt(0).putInt(U16).putInt(2).putInt(positions).putInt(features).putInt(0);
    file.putFloat(0.5f).putInt(100).position(start + TENSOR);
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes, HEADER, bytes.length - HEADER);
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
