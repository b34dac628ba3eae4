package dev.cleave.edge.cli;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.journal.KeptSessions;
import dev.cleave.edge.journal.KeptSessions.Kept;
import dev.cleave.edge.journal.SessionId;
import java.io.PrintWriter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cleave sessions}: what this device keeps of answers that may be gone on with. */
@Command(
    name = "sessions",
    description = {
      "List and forget what is kept on this device of answers that generate --session-key began and",
      "that have not ended: cleave generate --resume ID goes on with one. Needs no key."
    },
    subcommands = {SessionsCommand.ListThem.class, SessionsCommand.Erase.class},
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  cleave sessions list",
      "  cleave sessions erase 0f3c5a7d9b1e2468ace013579bdf2468",
      "  cleave sessions erase --all"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class SessionsCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "neither list nor erase given; see cleave sessions --help");
  }

  /** {@code cleave sessions list}. */
  @Command(
      name = "list",
      description = {
        "List sessions, those that were written last first: id, when it was last written, bytes, and",
        "whether a process that lives has it."
      },
      sortOptions = false,
      footer = {
        "",
        "Exit codes: 0 done, 1 failed, 2 refused (usage).",
        "",
        "Examples:",
        "  cleave sessions list",
        "  cleave sessions list --session-dir /var/lib/notes/sessions --json"
      })
  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  static final class ListThem implements Callable<Integer> {
    /** What {@code --json} prints. */
    record Listing(
        @JsonProperty("folder") String folder, @JsonProperty("sessions") List<Session> sessions) {}

    /** One session of it. */
    record Session(
        @JsonProperty("id") String id,
        @JsonProperty("last_written") String lastWritten,
        @JsonProperty("bytes") long bytes,
        @JsonProperty("in_use") boolean inUse) {

      static Session of(Kept kept) {
        return new Session(
            kept.id().toString(),
            kept.lastWritten().truncatedTo(ChronoUnit.SECONDS).toString(),
            kept.bytes(),
            kept.inUse());
      }
    }

    @Spec CommandSpec spec;
    @Mixin SessionFolder folder;

    @Option(names = "--json", description = "Print one JSON object: folder, sessions.")
    boolean json;

    @Override
    public Integer call() throws JsonProcessingException {
      PrintWriter out = spec.commandLine().getOut();
      List<Session> sessions =
          new KeptSessions(folder.path()).list().stream().map(Session::of).toList();
      if (json) {
        out.println(
            Json.MAPPER.writeValueAsString(new Listing(folder.path().toString(), sessions)));
      } else {
        print(sessions, out);
      }
      out.flush();
      return 0;
    }

    private void print(List<Session> sessions, PrintWriter out) {
      if (sessions.isEmpty()) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("no sessions in " + folder.path());
        err.flush();
      }
      for (Session it : sessions) {
        out.printf(
            Locale.ROOT,
            "%s  %s  %,13d bytes  %s%n",
            it.id(),
            it.lastWritten(),
            it.bytes(),
            it.inUse() ? "in use" : "left");
      }
    }
  }

  /** {@code cleave sessions erase}. */
  @Command(
      name = "erase",
      description = {
        "Forget sessions: the key of each journal is overwritten, without which the rest is noise, and",
        "the file deleted. One that a process that lives has is refused. Prints the ids of the others."
      },
      sortOptions = false,
      footer = {
        "",
        "Exit codes: 0 all erased, 1 failed, 2 refused (usage, no such session, or in use).",
        "",
        "Examples:",
        "  cleave sessions erase 0f3c5a7d9b1e2468ace013579bdf2468",
        "  cleave sessions erase --all --session-dir /var/lib/notes/sessions"
      })
  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  static final class Erase implements Callable<Integer> {
    @Spec CommandSpec spec;
    @Mixin SessionFolder folder;

    @Parameters(paramLabel = "ID", arity = "0..*", description = "Sessions, as list prints them.")
    List<String> ids = List.of();

    @Option(names = "--all", description = "All sessions of the folder.")
    boolean all;

    @Override
    public Integer call() {
      if (all != ids.isEmpty()) {
        throw new ParameterException(
            spec.commandLine(), "which ones? give their ids, or --all alone");
      }
      KeptSessions kept = new KeptSessions(folder.path());
      Set<SessionId> wanted = new LinkedHashSet<>();
      ids.forEach(it -> wanted.add(SessionId.parse(it)));
      if (all) {
        kept.list().forEach(it -> wanted.add(it.id()));
      }
      List<String> left = new ArrayList<>();
      PrintWriter out = spec.commandLine().getOut();
      for (SessionId id : wanted) {
        switch (kept.erase(id)) {
          case ERASED -> out.println(id);
          case IN_USE -> left.add("%s is in use by a process that lives".formatted(id));
          case ABSENT -> {
            if (!all) { // else it has ended meanwhile
              left.add("there is no %s in %s".formatted(id, folder.path()));
            }
          }
        }
      }
      out.flush();
      if (!left.isEmpty()) {
        throw CleaveException.fatal(
            Code.INPUT,
            "%d of %d sessions could not be erased: %s"
                .formatted(left.size(), wanted.size(), String.join(", ", left)),
            "end the process that has it, or see cleave sessions list (--session-dir)");
      }
      return 0;
    }
  }
}
