package dev.cleave.bench;

import dev.cleave.bench.measure.Ratio;
import dev.cleave.bench.measure.ServerProcess;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.server.engine.DecoderEngine;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * A whole generation of 60 tokens, text in and text out: this process as the device and a server
 * process over loopback, against encoder and decoder called one after the other in this process.
 */
final class GenerateBenchmark {
  private static final int TOKENS = 60;
  private static final int ROUNDS = 40;
  private static final int WARM_UP_ROUNDS = 400;

  private GenerateBenchmark() {}

  static void run(ReferenceModel model) throws IOException, InterruptedException {
    Ratio ratio = new Ratio("generate 60 tokens", "ms");
    try (ServerProcess server =
            ServerProcess.start(model.bundle(), ReferenceModel.THREADS, List.of());
        CleaveClient client = CleaveClient.open(model.bundle(), server.address());
        DecoderEngine engine = model.engine(1, 256)) {
      int start = model.spec().decoding().startTokenId();
      for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
        String note = model.notes().get(Math.floorMod(round, model.notes().size()));
        long began = System.nanoTime();
        split(client, note);
        long between = System.nanoTime();
        whole(client, engine, start, note);
        long ended = System.nanoTime();
        if (round >= 0) {
          ratio.round((between - began) / 1e6, (ended - between) / 1e6);
        }
      }
    }
    System.out.println(ratio.line("two processes", "one process", "<= 1.15"));
  }

  private static void split(CleaveClient client, String note) {
    GenerateOptions options = GenerateOptions.defaults().withMaxNewTokens(TOKENS).ignoringEos();
    StringBuilder text = new StringBuilder();
    try (Generation answer = client.generate(note, options)) {
      answer.forEach(text::append);
      if (answer.tokenIds().length != TOKENS) {
        throw new IllegalStateException("the server gave " + answer.tokenIds().length + " tokens");
      }
    }
  }

  private static void whole(CleaveClient client, DecoderEngine engine, int start, String note) {
    int[] ids = new int[TOKENS];
    try (Arena arena = Arena.ofConfined()) {
      FloatBuffer hidden = ReferenceModel.hidden(client, note, arena);
      engine.prefill(0, hidden, hidden.capacity() / engine.shape().width());
      long[] token = {start};
      long[] position = {0};
      for (int step = 0; step < TOKENS; step++) {
        ids[step] = engine.step(1, token, position, false).argmax(0);
        token[0] = ids[step];
        position[0]++;
      }
      engine.clearSlot(0);
    }
    client.decode(ids);
  }
}
