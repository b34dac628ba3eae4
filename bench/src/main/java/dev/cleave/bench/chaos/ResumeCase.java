package dev.cleave.bench.chaos;

import dev.cleave.bench.chaos.figures.Row;
import dev.cleave.bench.chaos.figures.Times;
import dev.cleave.bench.chaos.figures.Verdict;
import dev.cleave.bench.chaos.fleet.ClientProcess;
import dev.cleave.bench.chaos.fleet.Fleet;
import dev.cleave.bench.chaos.work.Kind;
import dev.cleave.bench.chaos.work.Models;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.Sampling;
import dev.cleave.edge.keys.KeyFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/**
 * SIGKILL of the process that asks, {@code cleave generate --session-key}, at a random character of
 * the answer; then {@code --resume} behind what was printed. Both outputs together are the
 * undisturbed text.
 */
final class ResumeCase {
  static final String NAME = "resume";

  private static final int KEY_BYTES = 32;
  private static final int SEED = 41;
  private static final int CAUSAL_TOKENS = 120;

  /** Answers that are over before a signal arrives prove nothing: so many tries for a round. */
  private static final int TRIES = 5;

  /** What is asked, and the options by which the command line and the SDK ask it alike. */
  private record Asked(String prompt, int tokens, float temperature, String text) {
    List<String> options() {
      return List.of(
          "--max-tokens",
          Integer.toString(tokens),
          "--temperature",
          Float.toString(temperature),
          "--seed",
          Integer.toString(SEED));
    }
  }

  private record Served(Path bundle, Fleet fleet, List<Asked> asked) {}

  private final Setting setting;
  private final Path keyFile;
  private final Path journals;
  private final Times resumed = new Times();
  private int whole;
  private int broken;
  private int late;

  private ResumeCase(Setting setting) throws IOException {
    this.setting = setting;
    Path folder = setting.folder(NAME);
    this.keyFile = folder.resolve("session.key");
    this.journals = folder.resolve("journals");
    byte[] key = new byte[KEY_BYTES];
    setting.random(NAME, -1).nextBytes(key);
    new KeyFolder(folder)
        .secret("session.key", Base64.getEncoder().encodeToString(key) + "\n")
        .write(true);
  }

  static void run(Setting setting) throws IOException, InterruptedException {
    new ResumeCase(setting).run();
  }

  private void run() throws IOException, InterruptedException {
    int rounds = setting.extent().rounds(2, 100);
    Map<Kind, Served> served = new EnumMap<>(Kind.class);
    try {
      for (Kind kind : Kind.values()) {
        served.put(kind, serve(kind));
      }
      setting.eachMet(
          NAME, rounds, TRIES, served, this::round, "all of %d answers were over before the kill");
    } finally {
      served.values().forEach(it -> it.fleet().close());
    }
    setting
        .report()
        .add(
            new Row(
                "kill -9 of the client, then `--resume`",
                rounds + " kills, 0 tokens lost, repeated or changed",
                String.format(
                    Locale.ROOT,
                    "%d texts whole, %d not (%d kills came behind the last character and do not"
                        + " count); the process that resumes, from its start to its end: %s",
                    whole,
                    broken,
                    late,
                    resumed.text()),
                Verdict.held(broken == 0 && whole == rounds)));
  }

  private Served serve(Kind kind) throws IOException, InterruptedException {
    Path bundle = setting.models().bundle(kind);
    Fleet fleet =
        Fleet.start(
            setting.folder(NAME).resolve(kind.text()), bundle, 2, List.of("--max-sessions", "16"));
    try (CleaveClient client = CleaveClient.open(bundle, fleet.addresses())) {
      List<Asked> asked = new ArrayList<>();
      List<String> notes = Models.notes();
      for (int n = 0; n < 4; n++) {
        int tokens = kind == Kind.CAUSAL ? CAUSAL_TOKENS : kind.longest();
        // Hot, the reference model goes on and on; else its answers are over in a moment.
        float temperature = kind == Kind.CAUSAL ? n % 2 * 0.8f : 2.5f;
        GenerateOptions options =
            GenerateOptions.defaults()
                .withMaxNewTokens(tokens)
                .withSampling(new Sampling(temperature, 0, 1, OptionalLong.of(SEED)));
        try (Generation answer = client.generate(notes.get(n), options)) {
          asked.add(new Asked(notes.get(n), tokens, temperature, answer.text()));
        }
      }
      return new Served(bundle, fleet, asked);
    } catch (IOException | RuntimeException e) {
      fleet.close();
      throw e;
    }
  }

  /** Whether the kill came before the end of the answer. */
  private boolean round(Served it, int round, SplittableRandom random)
      throws IOException, InterruptedException {
    Asked asked = it.asked().get(random.nextInt(it.asked().size()));
    int behind = random.nextInt(asked.text().length());
    List<String> options = new ArrayList<>(asked.options());
    options.addAll(
        List.of(
            "--bundle",
            it.bundle().toString(),
            "--server",
            it.fleet().addresses(),
            "--session-key",
            keyFile.toString(),
            "--session-dir",
            journals.toString(),
            "--threads",
            "1",
            "--no-receipt"));
    String first;
    String session;
    try (ClientProcess client = ClientProcess.generate(options, asked.prompt())) {
      session = client.session();
      first = client.readThenKill(behind);
    }
    if (first.length() >= asked.text().length()) {
      late++;
      return false; // and its journal may be gone with it
    }
    options.addAll(
        List.of(
            "--resume",
            session,
            "--after",
            Integer.toString(first.codePointCount(0, first.length()))));
    long began = System.nanoTime();
    String rest;
    try (ClientProcess client = ClientProcess.resume(options)) {
      rest = client.readAll();
    }
    resumed.add(System.nanoTime() - began);
    String both = first + rest;
    if (both.equals(asked.text()) || both.equals(asked.text() + System.lineSeparator())) {
      whole++;
      setting.say(
          "resume %d: killed behind %d of %d characters, whole"
              .formatted(round, first.length(), asked.text().length()));
    } else {
      broken++;
      setting.failure(
          NAME,
          round,
          "%d characters and %d behind --resume are not the %d of the undisturbed answer"
              .formatted(first.length(), rest.length(), asked.text().length()));
    }
    return true;
  }
}
