package dev.cleave.bench.chaos.hostile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * One attack as a process of its own, so that what it computes and keeps is not counted as what
 * honest clients or the server do. Prints what came of it: {@code total}, {@code faults} and one
 * line for each fault that was kept. Ends when its input does, at the latest.
 */
public final class AttackerMain {
  /** All attacks by name, in the order in which they are run. */
  private static final Map<String, Attack> ATTACKS = attacks();

  private AttackerMain() {}

  private static Map<String, Attack> attacks() {
    Map<String, Attack> attacks = new LinkedHashMap<>();
    attacks.put("messages", new MutatedMessages());
    attacks.put("raw", new RawConnections());
    attacks.put("slow", new SlowLoris());
    attacks.put("opens", new EndlessOpens());
    attacks.put("replays", new Replays());
    return attacks;
  }

  /** Runs {@code attack port bundle seed count}. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Thread.ofPlatform().daemon().start(AttackerMain::endWithParent);
    Attack attack = ATTACKS.get(arguments[0]);
    if (attack == null) {
      throw new IllegalArgumentException("no attack of the name " + arguments[0]);
    }
    Target target = new Target(Integer.parseInt(arguments[1]), Path.of(arguments[2]));
    Tally tally = new Tally();
    attack.run(
        target,
        new SplittableRandom(Long.parseLong(arguments[3])),
        Integer.parseInt(arguments[4]),
        tally);
    System.out.println("total " + tally.total());
    System.out.println("faults " + tally.faults());
    tally.kept().forEach(fault -> System.out.println("fault " + fault.replace('\n', ' ')));
    System.out.println("outcomes " + tally);
    System.exit(0);
  }

  private static void endWithParent() {
    try {
      while (System.in.read() >= 0) {
        // nobody says anything
      }
    } catch (IOException gone) {
      // as good as an end
    }
    Runtime.getRuntime().halt(1);
  }
}
