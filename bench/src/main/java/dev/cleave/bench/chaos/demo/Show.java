package dev.cleave.bench.chaos.demo;

import dev.cleave.bench.chaos.fleet.Fleet;
import dev.cleave.bench.chaos.link.FaultPlan;
import dev.cleave.bench.chaos.link.FaultProxy;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.Receipt;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Two servers, and one device that asks them: whichever answers is killed in the middle of the
 * answer, twice. Confined to one thread.
 */
final class Show implements AutoCloseable {
  private static final int SERVERS = 2;
  private static final int KILLS = 2;
  private static final long PACE_MILLIS = 60;

  private final Fleet fleet;
  private final List<FaultProxy> relays;
  private final CleaveClient client;
  private final Pace pace;
  private final PrintStream out;

  private Show(
      Fleet fleet, List<FaultProxy> relays, CleaveClient client, Pace pace, PrintStream out) {
    this.fleet = fleet;
    this.relays = relays;
    this.client = client;
    this.pace = pace;
    this.out = out;
  }

  /**
   * Starts both servers.
   *
   * @param device the bundle's device half, which stays in this process
   * @param server its server half
   */
  static Show start(Path work, Path device, Path server, PrintStream out)
      throws IOException, InterruptedException {
    Fleet fleet = Fleet.start(work, server, SERVERS, List.of("--max-sessions", "4"));
    // The relays do nothing: they show which server answers.
    FaultProxy a = FaultProxy.to(fleet.server(0).port(), FaultPlan.NONE, 0);
    FaultProxy b = FaultProxy.to(fleet.server(1).port(), FaultPlan.NONE, 0);
    CleaveClient client = CleaveClient.open(device, a.address() + "," + b.address());
    Show show = new Show(fleet, List.of(a, b), client, Pace.start(), out);
    out.printf(
        "two servers that share nothing: A is process %d, B is process %d%n",
        fleet.server(0).pid(), fleet.server(1).pid());
    return show;
  }

  /** Answers a note, undisturbed and then disturbed; whether both texts are the same. */
  boolean answer(String note) throws IOException, InterruptedException {
    String undisturbed;
    try (Generation answer = client.generate(note, GenerateOptions.defaults())) {
      undisturbed = answer.text();
    }
    out.printf("%n--- the note (stays in this process) ---%n%s%n", note);
    out.printf(
        "%n--- the answer, its servers held to a pace that you can follow, and killed ---%n");
    StringBuilder got = new StringBuilder();
    Receipt receipt;
    try (Generation answer = client.generate(note, GenerateOptions.defaults())) {
      disturb(answer, got, undisturbed.length());
      receipt = answer.receipt();
    } finally {
      pace.go(running());
    }
    boolean same = undisturbed.contentEquals(got);
    int reopened = receipt.recovered().reopened();
    out.printf("%n%n--- the whole text, as the caller got it ---%n%s%n", got);
    out.printf(
        "%nreceipt: %d tokens, ended by %s; session opened again %d times, %,d bytes sent again%n",
        receipt.received().tokens(),
        receipt.received().finishReason(),
        reopened,
        receipt.recovered().bytesAgain());
    out.printf("the same as the undisturbed answer: %s%n", same ? "yes" : "NO");
    fleet.awaitAll();
    return same && reopened >= KILLS;
  }

  private void disturb(Generation answer, StringBuilder got, int length)
      throws IOException, InterruptedException {
    int kills = 0;
    int killed = -1;
    long killedNanos = 0;
    for (String piece : answer) {
      long now = System.nanoTime();
      pace.hold(running());
      if (killed >= 0 && relays.get(1 - killed).lastDownNanos() - killedNanos > 0) {
        out.printf(
            Locale.ROOT,
            "%n   [%s goes on %.2f s after the kill]%n",
            name(1 - killed),
            (now - killedNanos) / 1e9);
        fleet.restart(killed);
        killed = -1;
      }
      out.print(piece);
      out.flush();
      got.append(piece);
      TimeUnit.MILLISECONDS.sleep(PACE_MILLIS);
      if (killed < 0 && kills < KILLS && got.length() > (kills + 1) * length / (KILLS + 1)) {
        fleet.awaitAll(); // the one that was killed before is up again
        killed = relays.get(0).lastDownNanos() > relays.get(1).lastDownNanos() ? 0 : 1;
        out.printf(
            "%n   [kill -9 of %s, process %d, which answers]%n",
            name(killed), fleet.server(killed).pid());
        fleet.server(killed).kill();
        killedNanos = System.nanoTime();
        kills++;
      }
      pace.go(running());
    }
  }

  private static String name(int server) {
    return "server " + (server == 0 ? "A" : "B");
  }

  private List<Long> running() {
    return IntStream.range(0, SERVERS)
        .filter(fleet::up)
        .mapToObj(server -> fleet.server(server).pid())
        .toList();
  }

  @Override
  public void close() throws IOException {
    pace.close();
    client.close();
    for (FaultProxy relay : relays) {
      relay.close();
    }
    fleet.close();
  }
}
