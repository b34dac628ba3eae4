package dev.cleave.edge.cli;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.journal.JournalFolder;
import dev.cleave.edge.journal.SessionKey;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Whether and where an answer is kept, so that it outlives this process. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class JournalOptions {
  @Option(
      names = "--session-key",
      paramLabel = "FILE",
      description = {
        "Keep the answer as it comes in an encrypted journal, so that --resume may go on with it should"
            + " this process die. Its id is printed first, on standard error.",
        "The key is the file's, see cleave keys session (default: what CLEAVE_SESSION_KEY holds, else"
            + " nothing is kept). The journal is erased when the answer ends. It stays when this process"
            + " fails, is killed, or gets SIGTERM or Ctrl-C: see cleave sessions."
      })
  @Nullable Path key;

  @Mixin SessionFolder folder;

  @Option(
      names = "--resume",
      paramLabel = "ID",
      description = "Go on with the answer of this session, printing all of it.")
  @Nullable String resume;

  @Option(
      names = "--after",
      paramLabel = "N",
      defaultValue = "0",
      description = "With --resume: leave the first N characters out, which were printed before.")
  int after;

  /** Empty where nothing is to be kept. */
  Optional<JournalFolder> open() {
    Optional<SessionKey> found =
        key != null
            ? Optional.of(SessionKey.read(key))
            : Optional.ofNullable(System.getenv(SessionKey.ENVIRONMENT))
                .map(it -> SessionKey.parse(it, SessionKey.ENVIRONMENT));
    if (resume != null && found.isEmpty()) {
      throw CleaveException.fatal(
          Code.INPUT,
          "--resume needs the key that the session began with",
          "give --session-key FILE, or set " + SessionKey.ENVIRONMENT);
    }
    if (after < 0 || (after > 0 && resume == null)) {
      throw CleaveException.fatal(
          Code.INPUT,
          "--after %d has a meaning with --resume alone, from 0 on".formatted(after),
          "leave it out");
    }
    return found.map(it -> JournalFolder.open(folder.path(), it, Clock.systemUTC()));
  }
}
