package dev.cleave.hat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/** Small models in the simulator's format (SIMULATED-MODEL.md), for tests. */
public final class SimulatedModel {
  private static final int HEADER = 96;
  private static final int EDGE = 144;
  private static final int TENSOR = 80;
  private static final int PART = 64;
  private static final int RELEASE = 5002;
  private static final int U8 = 1;
  private static final int U16 = 2;

  /** Of the relu's input and output: exact in f32. */
  static final float IN_SCALE = 0.5f;

  static final int IN_ZERO = 100;
  static final float OUT_SCALE = 0.25f;
  static final int OUT_ZERO = 10;

  private SimulatedModel() {}

  /** A program: x, u16 [positions, features], to its relu y, with other scales. */
  public static byte[] relu(int positions, int features) {
    return relu(positions, features, U16);
  }

  /** The same in bytes. */
  public static byte[] reluOfBytes(int positions, int features) {
    return relu(positions, features, U8);
  }

  private static byte[] relu(int positions, int features, int dtype) {
    ByteBuffer file = buffer(HEADER + 2 * EDGE + 2 * TENSOR + PART);
    edge(file, "x", 0);
    edge(file, "y", 1);
    activation(file, dtype, positions, features, IN_SCALE, IN_ZERO);
    activation(file, dtype, positions, features, OUT_SCALE, OUT_ZERO);
    file.putInt(9).putInt(1).putInt(0).putInt(-1).putInt(-1).putInt(-1).putInt(1).putFloat(0);
    return finish(file, 1, 1);
  }

  /** What {@link #relu} makes of a stored value. */
  public static int reluOf(int stored, int max) {
    double real = Math.max(0, (stored - IN_ZERO) * (double) IN_SCALE);
    return (int) Math.min(Math.rint(real / OUT_SCALE) + OUT_ZERO, max);
  }

  /** A recorded frame: what comes of these inputs. */
  record Recorded(List<Byte> inputs, List<Byte> outputs) {}

  /** A table: x to y, bytes [1, features] both, identity. */
  static byte[] table(int features, List<Recorded> frames) {
    int data = HEADER + 2 * EDGE + 2 * TENSOR + frames.size() * PART;
    ByteBuffer file = buffer(data + frames.size() * features);
    edge(file, "x", 0);
    edge(file, "y", 1);
    activation(file, U8, 1, features, 1, 0);
    activation(file, U8, 1, features, 1, 0);
    int at = data;
    for (Recorded frame : frames) {
      file.put(sha256(bytes(frame.inputs()), 0)).putLong(at).putLong(features).put(new byte[16]);
      at += features;
    }
    for (Recorded frame : frames) {
      file.put(bytes(frame.outputs()));
    }
    return finish(file, 2, frames.size());
  }

  private static byte[] bytes(List<Byte> values) {
    byte[] bytes = new byte[values.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = values.get(i);
    }
    return bytes;
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN).position(HEADER);
  }

  private static void edge(ByteBuffer file, String name, int index) {
    int at = file.position();
    file.put(name.getBytes(StandardCharsets.UTF_8)).position(at + 128);
    file.putInt(index).putInt(index).putLong(0);
  }

  private static void activation(
      ByteBuffer file, int dtype, int positions, int features, float scale, int zeroPoint) {
    int at = file.position();
    file.putInt(0).putInt(dtype).putInt(2).putInt(positions).putInt(features).putInt(0);
    file.putFloat(scale).putInt(zeroPoint).position(at + TENSOR);
  }

  private static byte[] finish(ByteBuffer file, int kind, int parts) {
    byte[] bytes = new byte[file.capacity()];
    file.position(0).get(bytes);
    ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    header.put(new byte[] {0x43, 0x4C, 0x56, 0x48, 0x45, 0x46, 0, 1});
    header.putInt(1).putInt(RELEASE).putLong(bytes.length).putInt(kind).putInt(2).putInt(parts);
    header.putInt(2).position(64).put(sha256(bytes, HEADER));
    return bytes;
  }

  private static byte[] sha256(byte[] bytes, int from) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes, from, bytes.length - from);
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
