package dev.cleave.bench.chaos;

import dev.cleave.bench.chaos.figures.Row;
import dev.cleave.bench.chaos.figures.Verdict;
import dev.cleave.bench.chaos.fleet.Fleet;
import dev.cleave.bench.chaos.fleet.ProcessUse;
import dev.cleave.bench.chaos.hostile.Theft;
import dev.cleave.bench.chaos.work.HonestCallers;
import dev.cleave.bench.chaos.work.Kind;
import dev.cleave.bench.chaos.work.Outcome;
import dev.cleave.bench.chaos.work.Secured;
import dev.cleave.bench.chaos.work.Task;
import dev.cleave.bench.chaos.work.Tasks;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.channel.BearerToken;
import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.channel.TlsFiles;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.Connection;
import dev.cleave.edge.replay.Recovery;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who should not get in: wrong tokens, unknown CAs, no certificate, plaintext, another tenant that
 * wants a live session. Each is refused, and honest devices of the same server go on.
 */
final class StrangersCase {
  static final String NAME = "strangers";

  private static final Duration DEADLINE = Duration.ofSeconds(30);
  private static final int TOKENS = 16;
  private static final int HONEST = 2;

  private final Setting setting;
  private final Secured secured;
  private final Path bundle;
  private final List<String> faults = new ArrayList<>();
  private int refused;
  private int thefts;

  private StrangersCase(Setting setting, Secured secured) {
    this.setting = setting;
    this.secured = secured;
    this.bundle = setting.models().bundle(Kind.CAUSAL);
  }

  static void run(Setting setting) throws IOException, InterruptedException {
    new StrangersCase(setting, Secured.in(setting.folder("keys-" + NAME))).run();
  }

  private void run() throws IOException, InterruptedException {
    List<String> options = new ArrayList<>(secured.serverOptions());
    options.addAll(secured.clientCaOptions());
    try (Fleet fleet = Fleet.start(setting.folder(NAME), bundle, 1, options);
        CleaveClient client = client(fleet, secured.client())) {
      List<Task> tasks = Tasks.of(Kind.CAUSAL, client, HONEST, TOKENS);
      ProcessUse before = ProcessUse.of(fleet.server(0).pid());
      try (HonestCallers honest = HonestCallers.start(client, tasks, false)) {
        int rounds = setting.extent().rounds(1, 50);
        for (int round = 0; round < rounds; round++) {
          for (Map.Entry<String, ClientSecurity> stranger : strangers().entrySet()) {
            knock(fleet, stranger.getKey(), stranger.getValue(), tasks.getFirst());
          }
          steal(fleet, round);
        }
        faults.addAll(honest.failures());
        row(fleet, honest.answered(), before);
      }
    }
  }

  private Map<String, ClientSecurity> strangers() throws IOException {
    Map<String, ClientSecurity> strangers = new LinkedHashMap<>();
    secured
        .wrongTokens()
        .forEach((what, token) -> strangers.put("token " + what, secured.bearing(token)));
    strangers.put("no token", ClientSecurity.tls(secured.files()));
    BearerToken token = BearerToken.of(secured.token(Secured.TENANT), "a token of this run");
    strangers.put("plaintext", ClientSecurity.defaults().withToken(token));
    strangers.put(
        "no certificate", ClientSecurity.tls(TlsFiles.trusting(secured.ca())).withToken(token));
    Secured other = Secured.in(setting.folder("keys-unknown"));
    strangers.put(
        "a certificate of an unknown CA",
        ClientSecurity.tls(
                TlsFiles.trusting(secured.ca())
                    .withIdentity(
                        other.folder().resolve("client.pem"),
                        other.folder().resolve("client-key.pem")))
            .withToken(token));
    strangers.put(
        "a device that knows another CA", ClientSecurity.tls(other.files()).withToken(token));
    return strangers;
  }

  private void knock(Fleet fleet, String what, ClientSecurity security, Task task) {
    GenerateOptions options = task.options().withDeadline(DEADLINE);
    try (CleaveClient client = client(fleet, security)) {
      Outcome outcome = Outcome.of(task, client, options);
      boolean right =
          outcome instanceof Outcome.Failed failed
              && (failed.failure().code() == Code.SERVER || failed.failure().code() == Code.LINK);
      setting.say("strangers: %s: %s".formatted(what, outcome.text()));
      if (right) {
        refused++;
      } else {
        faults.add(what + " was not refused but: " + outcome.text());
      }
    }
  }

  private void steal(Fleet fleet, int round) {
    Connection connection = Connection.to(fleet.addresses());
    String noticed =
        Theft.attempt(
            connection.withSecurity(secured.client()),
            connection.withSecurity(secured.bearing(secured.token(Secured.OTHER_TENANT))),
            bundle,
            setting.random(NAME, round));
    thefts++;
    if (!noticed.isEmpty()) {
      faults.add("another tenant opened a live session: " + noticed);
    }
  }

  private CleaveClient client(Fleet fleet, ClientSecurity security) {
    return CleaveClient.open(
        bundle,
        ClientOptions.of(Connection.to(fleet.addresses()).withSecurity(security))
            .withThreads(1)
            .withRecovery(Recovery.none()));
  }

  private void row(Fleet fleet, int answered, ProcessUse before) throws IOException {
    if (!fleet.server(0).alive()) {
      faults.add("the server has ended");
    }
    for (String fault : faults) {
      setting.failure(NAME, 0, fault);
    }
    long grown = ProcessUse.of(fleet.server(0).pid()).residentBytes() - before.residentBytes();
    setting
        .report()
        .add(
            new Row(
                "wrong tenant, expired / forged / `alg=none` tokens, unknown CA, plaintext",
                "every one refused, server up, honest devices go on",
                "%d refused, %d sessions not stolen, %d honest answers right; %d faults; RSS %+d MiB"
                    .formatted(refused, thefts, answered, faults.size(), grown >> 20),
                Verdict.held(faults.isEmpty())));
  }
}
