package dev.cleave.bench.split;

import dev.cleave.bench.codec.Goal;
import dev.cleave.bench.measure.ServerProcess;
import dev.cleave.bench.measure.ShapedLink;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.codec.CodecChoice;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Bytes up and down for one more token of an answer, counted between the two processes above TCP:
 * frames, messages, gRPC and HTTP/2 with all that they add. What a long answer has more than a
 * short one is divided by the tokens that it has more, so that opening a session and its prompt are
 * not in it.
 */
final class BytesFigure {
  private static final int SHORT = 16;
  private static final int LONG = 144;
  private static final int QUIET_POLLS = 5;
  private static final long POLL_MILLIS = 10;
  private static final Goal DOWN = Goal.atMost(32);

  /** A codec, what may go up with it per element, and what stands in where there are no presets. */
  private record Coded(String name, @Nullable Goal up, String uncalibrated) {}

  private static final List<Coded> CODECS =
      List.of(
          new Coded("int8", null, "int8"),
          new Coded("transparent", Goal.atMost(0.75), "rate:5.5"),
          new Coded("balanced", Goal.atMost(0.36), "rate:2.5"),
          new Coded("small", Goal.atMost(0.22), "rate:1.4"));

  private BytesFigure() {}

  static void run(Conditions it) throws IOException, InterruptedException {
    boolean calibrated = it.model().calibrate(it.at());
    Path bundle = it.bundle();
    int width = Bundle.open(bundle, Half.DEVICE).manifest().width();
    try (ServerProcess server = it.server("--max-sessions", "2", "--precision", "int8");
        ShapedLink link = ShapedLink.to(server.port(), ShapedLink.Shape.NONE);
        CleaveClient client =
            CleaveClient.open(bundle, ClientOptions.of(link.address()).withThreads(it.threads()))) {
      int[] prompt = it.model().prompt(client, SplitModel.QUESTION);
      for (Coded coded : CODECS) {
        String codec = calibrated ? coded.name() : coded.uncalibrated();
        String what = "split-bytes " + codec;
        GenerateOptions options =
            GenerateOptions.defaults().withCodec(CodecChoice.parse(codec)).ignoringEos();
        // The first answer of a connection brings what the others need not.
        Count first = count(link, client, prompt, options.withMaxNewTokens(SHORT));
        Count few = count(link, client, prompt, options.withMaxNewTokens(SHORT));
        Count many = count(link, client, prompt, options.withMaxNewTokens(LONG));
        double up = (double) (many.up() - few.up()) / (LONG - SHORT);
        double down = (double) (many.down() - few.down()) / (LONG - SHORT);
        String upText =
            String.format(
                Locale.ROOT,
                "%.1f bytes up a token; a session, %d positions and %d tokens: %,d up",
                up,
                prompt.length,
                SHORT,
                first.up());
        if (coded.up() == null) {
          it.figures().add(what + ", up per element", up / width, upText);
        } else {
          it.figures().add(what + ", up per element", up / width, coded.up(), upText);
        }
        it.figures().add(what + ", down per token", down, DOWN, "bytes");
      }
    }
  }

  private record Count(long up, long down) {}

  private static Count count(
      ShapedLink link, CleaveClient client, int[] prompt, GenerateOptions options)
      throws InterruptedException {
    Count before = settled(link);
    Answers.answer(client, prompt, options);
    Count after = settled(link);
    return new Count(after.up() - before.up(), after.down() - before.down());
  }

  /** What was sent when nothing is sent any more: acknowledgements may come after an answer. */
  private static Count settled(ShapedLink link) throws InterruptedException {
    Count last = new Count(-1, -1);
    int quiet = 0;
    while (quiet < QUIET_POLLS) {
      Count now = new Count(link.bytesUp(), link.bytesDown());
      quiet = now.equals(last) ? quiet + 1 : 0;
      last = now;
      Thread.sleep(POLL_MILLIS);
    }
    return last;
  }
}
