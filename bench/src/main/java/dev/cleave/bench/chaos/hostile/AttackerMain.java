package dev.cleave.bench.chaos.hostile;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Attacks from a process of its own, so that what it computes and keeps is not counted as what
 * honest clients or the server do. Reads lines {@code attack seed count} and answers each with what
 * came of it: {@code total}, {@code faults}, one line for each fault that was kept, {@code
 * outcomes}, and {@code end}. Ends with its input.
 */
public final class AttackerMain {
  /** The line behind an attack. */
  static final String END = "end";

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

  /**
   * Takes the port of the server and the bundle that it serves, and where the server wants more of
   * its clients the file of its CA, behind which the first line of the input is a token.
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    BlockingQueue<String> orders = new LinkedBlockingQueue<>();
    Thread.ofPlatform().daemon().start(() -> read(orders));
    Optional<Target.Access> access =
        arguments.length == 2
            ? Optional.empty()
            : Optional.of(new Target.Access(Path.of(arguments[2]), orders.take()));
    Target target = new Target(Integer.parseInt(arguments[0]), Path.of(arguments[1]), access);
    System.out.println(END); // it has begun
    while (true) {
      String line = orders.take();
      String[] words = line.split(" ", -1);
      Attack attack = ATTACKS.get(words[0]);
      if (attack == null) {
        throw new IllegalArgumentException("no attack of the name " + words[0]);
      }
      Tally tally = new Tally();
      SplittableRandom random = new SplittableRandom(Long.parseLong(words[1]));
      attack.run(target, random, Integer.parseInt(words[2]), tally);
      System.out.println("total " + tally.total());
      System.out.println("faults " + tally.faults());
      tally.kept().forEach(fault -> System.out.println("fault " + fault.replace('\n', ' ')));
      System.out.println("outcomes " + tally);
      System.out.println(END);
    }
  }

  private static void read(BlockingQueue<String> orders) {
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        orders.add(line);
      }
    } catch (IOException gone) {
      // as good as an end
    }
    Runtime.getRuntime().halt(0); // also in the middle of an attack
  }
}
