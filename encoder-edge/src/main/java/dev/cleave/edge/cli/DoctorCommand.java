package dev.cleave.edge.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.edge.doctor.Doctor;
import dev.cleave.edge.doctor.Finding;
import dev.cleave.edge.doctor.Level;
import dev.cleave.edge.doctor.Machine;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cleave doctor}: what this machine has, what is wrong with it, what to do. */
@Command(
    name = "doctor",
    description = {
      "Look at this machine: system, java, processor, engines, the AI HAT+ 2 with its driver and",
      "libraries, and a bundle. Changes nothing. Each line is ok, a warning (works, but worse than",
      "it could), a problem (does not work) or not there (and not needed), with what mends it."
    },
    sortOptions = false,
    footer = {
      "",
      "Exit codes: 0 no problems, 1 problems, 2 usage.",
      "",
      "Examples:",
      "  cleave doctor",
      "  cleave doctor --bundle /tmp/notes",
      "  cleave doctor --json | jq '.checks[] | select(.level == \"problem\")'"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class DoctorCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Option(names = "--bundle", paramLabel = "BUNDLE", description = "Check this bundle as well.")
  @Nullable Path bundle;

  @Option(names = "--json", description = "Print one JSON object.")
  boolean json;

  @Override
  public Integer call() throws JsonProcessingException, InterruptedException {
    PrintWriter err = spec.commandLine().getErr();
    Doctor doctor =
        new Doctor(
            Machine.here(),
            doing -> {
              err.println(doing + " ...");
              err.flush();
            });
    List<Finding> findings = doctor.examine(Optional.ofNullable(bundle));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.MAPPER.writeValueAsString(describe(findings)));
    } else {
      print(findings, out);
    }
    out.flush();
    return count(findings, Level.PROBLEM) == 0 ? 0 : Failures.FAILED;
  }

  /** For programs: keys and levels are the same in every release, texts are not. */
  static ObjectNode describe(List<Finding> findings) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    root.put("healthy", count(findings, Level.PROBLEM) == 0);
    ObjectNode counts = root.putObject("counts");
    for (Level level : Level.values()) {
      counts.put(name(level), count(findings, level));
    }
    ArrayNode checks = root.putArray("checks");
    for (Finding finding : findings) {
      checks
          .addObject()
          .put("key", finding.key())
          .put("level", name(finding.level()))
          .put("text", finding.text())
          .put("fix", finding.fix().isEmpty() ? null : finding.fix());
    }
    return root;
  }

  static void print(List<Finding> findings, PrintWriter out) {
    for (Finding finding : findings) {
      out.printf("%-9s  %-17s  %s%n", finding.level().text(), finding.key(), finding.text());
      if (!finding.fix().isEmpty()) {
        out.printf("%-30s-> %s%n", "", finding.fix());
      }
    }
    out.printf(
        "%n%d ok, %s, %s, %d not there%n",
        count(findings, Level.OK),
        counted(findings, Level.WARNING),
        counted(findings, Level.PROBLEM),
        count(findings, Level.NOT_THERE));
  }

  private static String counted(List<Finding> findings, Level level) {
    long count = count(findings, level);
    return count + " " + level.text() + (count == 1 ? "" : "s");
  }

  private static String name(Level level) {
    return level.name().toLowerCase(Locale.ROOT);
  }

  private static long count(List<Finding> findings, Level level) {
    return findings.stream().filter(it -> it.level() == level).count();
  }
}
