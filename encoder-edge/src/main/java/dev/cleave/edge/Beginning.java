package dev.cleave.edge;

import dev.cleave.edge.codec.CodecChoice;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.journal.SessionId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What an answer begins with that another process may go on with: enough to begin it once more. Not
 * printable: ids are as good as the text.
 */
final class Beginning {
  private static final int VERSION = 1;
  private static final int MOST_IDS = 1 << 24;
  private static final int MOST_STOPS = 1 << 10;

  private final String bundleId;
  private final int[] ids;
  private final GenerateOptions options;

  /** The options have a seed where chance plays a part. */
  Beginning(String bundleId, int[] ids, GenerateOptions options) {
    this.bundleId = bundleId;
    this.ids = ids.clone();
    this.options = options;
  }

  int[] ids() {
    return ids.clone();
  }

  GenerateOptions options() {
    return options;
  }

  /** Refuses to go on with another model. */
  void requireBundle(SessionId session, String opened) {
    if (!bundleId.equals(opened)) {
      throw CleaveException.fatal(
          Code.INPUT,
          "the session %s was begun with the bundle %s and this one is %s"
              .formatted(session, bundleId, opened),
          "resume it with the bundle that it began with");
    }
  }

  byte[] toBytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(VERSION);
      out.writeUTF(bundleId);
      out.writeInt(ids.length);
      for (int id : ids) {
        out.writeInt(id);
      }
      out.writeInt(options.maxNewTokens().orElse(0));
      Sampling sampling = options.sampling();
      out.writeFloat(sampling.temperature());
      out.writeInt(sampling.topK());
      out.writeFloat(sampling.topP());
      out.writeBoolean(sampling.seed().isPresent());
      out.writeLong(sampling.seed().orElse(0));
      out.writeInt(options.stops().size());
      for (String stop : options.stops()) {
        out.writeUTF(stop);
      }
      out.writeUTF(options.codec().text());
      out.writeBoolean(options.research().ignoreEos());
      out.writeBoolean(options.research().wantLogits());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static Beginning parse(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      if (in.readInt() != VERSION) {
        throw new IOException("of another version");
      }
      String bundleId = in.readUTF();
      int[] ids = new int[count(in, MOST_IDS)];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = in.readInt();
      }
      int tokens = in.readInt();
      float temperature = in.readFloat();
      int topK = in.readInt();
      float topP = in.readFloat();
      boolean seeded = in.readBoolean();
      long seed = in.readLong();
      List<String> stops = new ArrayList<>();
      for (int left = count(in, MOST_STOPS); left > 0; left--) {
        stops.add(in.readUTF());
      }
      CodecChoice codec = CodecChoice.parse(in.readUTF());
      return new Beginning(
          bundleId,
          ids,
          new GenerateOptions(
              tokens == 0 ? OptionalInt.empty() : OptionalInt.of(tokens),
              new Sampling(
                  temperature, topK, topP, seeded ? OptionalLong.of(seed) : OptionalLong.empty()),
              stops,
              codec,
              Optional.empty(),
              0,
              new GenerateOptions.Research(in.readBoolean(), in.readBoolean())));
    } catch (IOException | IllegalArgumentException e) {
      throw CleaveException.fatal(
              Code.JOURNAL,
              "the journal does not say how the session began",
              "resume with the version that it began with, or generate again")
          .causedBy(e);
    }
  }

  private static int count(DataInputStream in, int most) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > most) {
      throw new IOException("a count of " + count);
    }
    return count;
  }
}
