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

/**
 * Two servers, and one device that asks them: whichever answers is killed in the middle of the
 * answer, twice. Confined to one thread.
 */
final class Show implements AutoCloseable {
  private static final int SERVERS = 2;
  private static final int KILLS = 2;
  private static final long PACE_MILLIS = 70;

  /** While a session is opened again there is nothing to watch. */
  private static final long QUICK_MILLIS = 5;

  private final Fleet fleet;
  private final Pace pace;
  private final List<FaultProxy> relays;
  private final CleaveClient client;
  private final PrintStream out;

  private Show(
      Fleet fleet, Pace pace, List<FaultProxy> relays, CleaveClient client, PrintStream out) {
    this.fleet = fleet;
    this.pace = pace;
    this.relays = relays;
    this.client = client;
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
    Pace pace = new Pace(fleet);
    // The relays change nothing: they tell which server has sent something.
    FaultProxy a =
        FaultProxy.to(fleet.server(0).port(), FaultPlan.NONE, 0).tellingSent(() -> pace.sent(0));
    FaultProxy b =
        FaultProxy.to(fleet.server(1).port(), FaultPlan.NONE, 0).tellingSent(() -> pace.sent(1));
    CleaveClient client = CleaveClient.open(device, a.address() + "," + b.address());
    out.printf(
        "two servers that share nothing: A is process %d, B is process %d%n",
        fleet.server(0).pid(), fleet.server(1).pid());
    return new Show(fleet, pace, List.of(a, b), client, out);
  }

  /**
   * Answers a note, undisturbed and then disturbed.
   *
   * @return whether both texts are the same and every kill came in the middle
   */
  boolean answer(String note) throws IOException, InterruptedException {
    String undisturbed;
    try (Generation answer = client.generate(note, GenerateOptions.defaults())) {
      undisturbed = answer.text();
    }
    out.printf("%n--- the note (stays in this process) ---%n%s%n", note);
    out.printf("%n--- the answer; its servers are held to a pace that you can follow ---%n");
    StringBuilder got = new StringBuilder();
    Receipt receipt;
    pace.pause(PACE_MILLIS);
    try (Generation answer = client.generate(note, GenerateOptions.defaults())) {
      disturb(answer, got, undisturbed.length());
      receipt = answer.receipt();
    } finally {
      pace.pause(0);
      pace.release();
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
    if (reopened < KILLS) {
      out.printf("a kill came too late, the answer was there: this machine is busy%n");
    }
    return same && reopened >= KILLS;
  }

  private void disturb(Generation answer, StringBuilder got, int length)
      throws IOException, InterruptedException {
    int kills = 0;
    int killed = -1;
    long killedNanos = 0;
    for (String piece : answer) {
      // What comes at once was under way when the server was killed.
      if (killed >= 0 && relays.get(1 - killed).lastDownNanos() - killedNanos > 0) {
        out.printf(
            Locale.ROOT,
            "%n   [%s, process %d, goes on %.2f s after the kill]%n",
            name(1 - killed),
            fleet.server(1 - killed).pid(),
            (System.nanoTime() - killedNanos) / 1e9);
        pace.pause(PACE_MILLIS);
        fleet.restart(killed);
        killed = -1;
      }
      out.print(piece);
      out.flush();
      got.append(piece);
      if (killed < 0 && kills < KILLS && got.length() > (kills + 1) * length / (KILLS + 2)) {
        killed = kill();
        killedNanos = System.nanoTime();
        kills++;
      }
    }
    if (killed >= 0) {
      fleet.restart(killed);
    }
    fleet.awaitAll();
  }

  private int kill() throws IOException {
    int server = relays.get(0).lastDownNanos() - relays.get(1).lastDownNanos() > 0 ? 0 : 1;
    pace.hold(server);
    fleet.awaitAll(); // the one that was killed before is up again
    out.printf(
        "%n   [kill -9 of %s, process %d, which answers]%n",
        name(server), fleet.server(server).pid());
    pace.pause(QUICK_MILLIS);
    fleet.server(server).kill();
    pace.release();
    return server;
  }

  private static String name(int server) {
    return "server " + (server == 0 ? "A" : "B");
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
