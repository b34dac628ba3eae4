package dev.cleave.bench.split;

import dev.cleave.bench.measure.ServerProcess;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * What all figures of a run have in common. Immutable.
 *
 * @param model that is measured
 * @param at layers on the device
 * @param threads of one computation, on both sides
 * @param figures where what was measured goes
 */
record Conditions(SplitModel model, int at, int threads, Figures figures) {
  Path bundle() {
    return model.bundle(at);
  }

  /** A server of the bundle; options are {@code serve}'s. */
  ServerProcess server(String... options) throws IOException, InterruptedException {
    return ServerProcess.start(bundle(), threads, List.of(options));
  }

  CleaveClient client(String address) {
    return CleaveClient.open(bundle(), ClientOptions.of(address).withThreads(threads));
  }
}
