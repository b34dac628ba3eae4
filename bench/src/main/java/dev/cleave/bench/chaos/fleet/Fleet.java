package dev.cleave.bench.chaos.fleet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * Servers of one bundle that share nothing, each on a port that it keeps when it is started again.
 * Thread-safe.
 */
public final class Fleet implements AutoCloseable {
  private static final String SESSIONS = "cleave_sessions_open";

  private final Path folder;
  private final Path bundle;
  private final ServeTerms terms;
  private final List<FleetServer> servers = new ArrayList<>();
  private final List<CompletableFuture<FleetServer>> starting = new ArrayList<>();
  private final ExecutorService starters = Executors.newVirtualThreadPerTaskExecutor();
  private int started;

  private Fleet(Path folder, Path bundle, ServeTerms terms) {
    this.folder = folder;
    this.bundle = bundle;
    this.terms = terms;
  }

  /**
   * Starts so many servers with the same options of {@code serve}.
   *
   * @param folder for their logs, which stay there
   */
  public static Fleet start(Path folder, Path bundle, int count, List<String> options)
      throws IOException, InterruptedException {
    return start(folder, bundle, count, new ServeTerms(options, Map.of()));
  }

  /** As {@link #start(Path, Path, int, List)}, on these terms. */
  public static Fleet start(Path folder, Path bundle, int count, ServeTerms terms)
      throws IOException, InterruptedException {
    Fleet fleet = new Fleet(folder, bundle, terms);
    try {
      for (int i = 0; i < count; i++) {
        fleet.servers.add(fleet.launch(FleetServer.ANY_PORT));
        fleet.starting.add(CompletableFuture.completedFuture(fleet.servers.get(i)));
      }
      return fleet;
    } catch (IOException | InterruptedException | RuntimeException e) {
      fleet.close();
      throw e;
    }
  }

  private FleetServer launch(int port) throws IOException, InterruptedException {
    int number;
    synchronized (this) {
      number = started++;
    }
    Path own = Files.createDirectories(folder.resolve("server-" + number));
    return FleetServer.start(own, bundle, port, terms);
  }

  /** The server at this place of the list, as it was started last. */
  public synchronized FleetServer server(int index) {
    return servers.get(index);
  }

  /** How many there are. */
  public int size() {
    return servers.size();
  }

  /** All of them as clients name them. */
  public synchronized String addresses() {
    return servers.stream().map(FleetServer::address).collect(Collectors.joining(","));
  }

  /** The place of the server that has a session now; empty when none has. */
  public OptionalInt holder() throws InterruptedException {
    for (int i = 0; i < size(); i++) {
      try {
        if (server(i).alive() && server(i).metric(SESSIONS) > 0) {
          return OptionalInt.of(i);
        }
      } catch (IOException gone) {
        // it is on its way down or up: it holds none
      }
    }
    return OptionalInt.empty();
  }

  /** Starts the server that has ended at this place again, in the background. */
  public synchronized void restart(int index) {
    FleetServer ended = servers.get(index);
    starting.set(
        index,
        CompletableFuture.supplyAsync(
            () -> {
              try {
                ended.close();
                FleetServer again = launch(ended.port());
                synchronized (this) {
                  servers.set(index, again);
                }
                return again;
              } catch (IOException e) {
                throw new CompletionException(e);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CompletionException(e);
              }
            },
            starters));
  }

  /** Whether the server at this place is up, as far as its last start goes. */
  public synchronized boolean up(int index) {
    return starting.get(index).isDone() && servers.get(index).alive();
  }

  /** Waits until all that were started again take sessions. */
  public void awaitAll() throws IOException {
    for (int i = 0; i < size(); i++) {
      CompletableFuture<FleetServer> start;
      synchronized (this) {
        start = starting.get(i);
      }
      try {
        start.join();
      } catch (CompletionException e) {
        throw new IOException("server %d did not start again".formatted(i), e);
      }
      if (!server(i).alive()) {
        throw new IOException(
            "server %d has ended, which nobody asked for; its log is %s"
                .formatted(i, server(i).log()));
      }
    }
  }

  @Override
  public void close() {
    starters.close(); // waits for those that start
    synchronized (this) {
      servers.forEach(FleetServer::close);
    }
  }
}
