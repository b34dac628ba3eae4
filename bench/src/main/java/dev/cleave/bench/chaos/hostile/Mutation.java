package dev.cleave.bench.chaos.hostile;

import com.google.protobuf.CodedOutputStream;
import dev.cleave.v1.DeviceMessage;
import dev.cleave.v1.Open;
import dev.cleave.v1.Sampling;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/** Ways in which one message becomes one that no device sends. */
enum Mutation {
  /** A few bits are others. */
  FLIP_BITS {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) {
      byte[] changed = message.clone();
      for (int n = random.nextInt(1, 9); n > 0 && changed.length > 0; n--) {
        changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(Byte.SIZE));
      }
      return changed;
    }
  },
  /** A byte is an extreme one. */
  EXTREME_BYTE {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) {
      byte[] changed = message.clone();
      byte[] extremes = {0, 1, 0x7f, (byte) 0x80, (byte) 0xff};
      if (changed.length > 0) {
        changed[random.nextInt(changed.length)] = extremes[random.nextInt(extremes.length)];
      }
      return changed;
    }
  },
  /** The end is missing. */
  CUT {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) {
      return Arrays.copyOf(message, random.nextInt(message.length));
    }
  },
  /** Bytes follow. */
  APPEND {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) {
      return join(message, random(random.nextInt(1, 64), random));
    }
  },
  /** The field says another length. */
  LIE_ABOUT_LENGTH {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) throws IOException {
      long lie = random.nextBoolean() ? random.nextLong() : random.nextInt(0, 1 << 24);
      return field(message[0], lie, body(message));
    }
  },
  /** A field that the schema does not know stands in the message's only field. */
  UNKNOWN_FIELD_WITHIN {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) throws IOException {
      byte[] unknown = unknown(random);
      byte[] body = body(message);
      byte[] longer = random.nextBoolean() ? join(body, unknown) : join(unknown, body);
      return field(message[0], longer.length, longer);
    }
  },
  /** A field that the schema does not know stands beside it. */
  UNKNOWN_FIELD_BESIDE {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) throws IOException {
      return random.nextBoolean() ? join(message, unknown(random)) : join(unknown(random), message);
    }
  },
  /** Everything twice. */
  DOUBLE {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) {
      return join(message, message);
    }
  },
  /** Nothing of it is left. */
  NOISE {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) {
      return random(random.nextInt(0, 600), random);
    }
  },
  /** An Open that parses, whose numbers are extreme. */
  EXTREME_OPEN {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) throws IOException {
      DeviceMessage parsed = DeviceMessage.parseFrom(message);
      if (!parsed.hasOpen()) {
        return FLIP_BITS.apply(message, random);
      }
      Open.Builder open = parsed.getOpen().toBuilder();
      switch (random.nextInt(8)) {
        case 0 -> open.setPromptPositions(number(random));
        case 1 -> open.setMaxNewTokens(number(random));
        case 2 -> open.setStepPositions(number(random));
        case 3 -> open.setCodecValue(number(random));
        case 4 -> open.setTargetKind(number(random)).setTargetNumber(number(random));
        case 5 -> open.setProfileHashHigh(random.nextLong()).setProfileHashLow(random.nextLong());
        case 6 -> open.setAttempt(number(random)).setWantLogits(random.nextBoolean());
        default ->
            open.setSampling(
                Sampling.newBuilder()
                    .setTemperature(Float.intBitsToFloat(random.nextInt()))
                    .setTopK(number(random))
                    .setTopP(Float.intBitsToFloat(random.nextInt()))
                    .setSeed(random.nextLong()));
      }
      return DeviceMessage.newBuilder().setOpen(open).build().toByteArray();
    }
  },
  /** A frame whose header lies and whose checksums are right. */
  FRAME_HEADER {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) throws IOException {
      return frame(message, random, 0, LONG_HEADER_CRC);
    }
  },
  /** A frame whose payload is another and whose checksums are right. */
  FRAME_PAYLOAD {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) throws IOException {
      return frame(message, random, LONG_HEADER_BYTES, Integer.MAX_VALUE);
    }
  },
  /** A frame of another length within a field that tells it truly. */
  FRAME_LENGTH {
    @Override
    byte[] apply(byte[] message, SplittableRandom random) throws IOException {
      byte[] body = body(message);
      byte[] other =
          random.nextBoolean()
              ? Arrays.copyOf(body, random.nextInt(body.length + 1))
              : join(body, random(random.nextInt(1, 4096), random));
      return field(message[0], other.length, other);
    }
  };

  private static final int LONG_HEADER_BYTES = 64;
  private static final int PAYLOAD_CRC = 56;
  private static final int LONG_HEADER_CRC = 60;
  private static final int MOST_FIELD_NUMBER = 100;

  abstract byte[] apply(byte[] message, SplittableRandom random) throws IOException;

  /** Changes bytes of a frame from one offset to another, and mends the checksums of the header. */
  private static byte[] frame(byte[] message, SplittableRandom random, int from, int to)
      throws IOException {
    byte[] body = body(message).clone();
    int end = Math.min(to, body.length);
    if (body.length < LONG_HEADER_BYTES || end <= from) {
      return FLIP_BITS.apply(message, random);
    }
    for (int n = random.nextInt(1, 5); n > 0; n--) {
      body[random.nextInt(from, end)] = (byte) random.nextInt();
    }
    ByteBuffer frame = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
    if (from >= LONG_HEADER_BYTES) {
      frame.putInt(PAYLOAD_CRC, crc(body, LONG_HEADER_BYTES, body.length));
    }
    frame.putInt(LONG_HEADER_CRC, crc(body, 0, LONG_HEADER_CRC));
    return field(message[0], body.length, body);
  }

  private static int crc(byte[] bytes, int from, int to) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, to - from);
    return (int) crc.getValue();
  }

  /** What the message's only field holds. */
  private static byte[] body(byte[] message) {
    int at = 1;
    while (at < message.length && message[at] < 0) {
      at++;
    }
    return Arrays.copyOfRange(message, Math.min(at + 1, message.length), message.length);
  }

  private static byte[] field(byte tag, long length, byte[] body) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeRawByte(tag);
    out.writeUInt64NoTag(length);
    out.writeRawBytes(body);
    out.flush();
    return bytes.toByteArray();
  }

  private static byte[] unknown(SplittableRandom random) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    int number = random.nextInt(1, MOST_FIELD_NUMBER);
    switch (random.nextInt(3)) {
      case 0 -> out.writeUInt64(number, random.nextLong());
      case 1 -> out.writeFixed64(number, random.nextLong());
      default -> out.writeByteArray(number, random(random.nextInt(200), random));
    }
    out.flush();
    return bytes.toByteArray();
  }

  private static int number(SplittableRandom random) {
    int[] extremes = {0, 1, 2, 255, 65_536, Integer.MAX_VALUE, Integer.MIN_VALUE, -1};
    return random.nextBoolean() ? extremes[random.nextInt(extremes.length)] : random.nextInt();
  }

  private static byte[] random(int length, SplittableRandom random) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] join(byte[] one, byte[] other) {
    byte[] both = Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, both, one.length, other.length);
    return both;
  }
}
