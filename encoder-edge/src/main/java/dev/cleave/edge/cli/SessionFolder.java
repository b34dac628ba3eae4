package dev.cleave.edge.cli;

import dev.cleave.edge.journal.JournalFolder;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the journals of sessions are. */
final class SessionFolder {
  @Option(
      names = "--session-dir",
      paramLabel = "DIR",
      description = "Where journals are (default: ~/.local/state/cleave/sessions).")
  @Nullable Path folder;

  Path path() {
    return folder == null ? JournalFolder.usual() : folder;
  }
}
