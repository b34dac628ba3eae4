package dev.cleave.edge.doctor;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Looks at a machine and says what is there, what is wrong and what to do. Every look has a
 * deadline; one that fails is a finding. Thread-safe.
 */
public final class Doctor {
  private final Machine machine;
  private final Consumer<String> progress;

  /**
   * A doctor for one machine.
   *
   * @param progress told what takes a while, before it begins
   */
  public Doctor(Machine machine, Consumer<String> progress) {
    this.machine = machine;
    this.progress = progress;
  }

  /** Looks at all there is, and at a bundle where one is given. */
  public List<Finding> examine(Optional<Path> bundle) throws InterruptedException {
    NativeFiles files = new NativeFiles(machine);
    return run(
        List.of(
            Probe.quick("host", () -> HostProbe.look(machine)),
            Probe.quick("cpu", () -> CpuProbe.look(machine)),
            EngineProbe.loading(),
            Probe.quick("libtorch", () -> EngineProbe.libtorch(machine)),
            Probe.quick("board", () -> BoardProbe.look(machine)),
            Probe.quick("library", () -> LibraryProbe.look(machine, files)),
            DeviceProbe.of(machine, files),
            DeviceProbe.ofSimulator(files),
            BundleProbe.of(bundle)));
  }

  /** One after the other, so that what they say of load and heat is not of each other's making. */
  List<Finding> run(List<Probe> probes) throws InterruptedException {
    List<Finding> findings = new ArrayList<>();
    for (Probe probe : probes) {
      if (!probe.doing().isEmpty()) {
        progress.accept(probe.doing());
      }
      findings.addAll(run(probe));
    }
    return findings;
  }

  private static List<Finding> run(Probe probe) throws InterruptedException {
    FutureTask<List<Finding>> task = new FutureTask<>(probe.look());
    // A daemon: what hangs in the kernel or in a library cannot be ended, and must not keep us
    // here.
    Thread.ofPlatform().daemon().name("doctor-" + probe.key()).start(task);
    try {
      return task.get(probe.deadline().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException _) {
      task.cancel(true);
      return List.of(overdue(probe.key(), probe.deadline()));
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      return List.of(
          Finding.problem(
              probe.key(),
              "could not be looked at: " + reason(cause),
              "see whether the message names a file that this user may not read"));
    }
  }

  static Finding overdue(String key, Duration deadline) {
    return Finding.problem(
        key,
        "did not answer within %d s".formatted(Math.max(1, deadline.toSeconds())),
        "sudo dmesg | tail -n 50; a driver that hangs is freed by a restart alone");
  }

  private static String reason(Throwable failure) {
    StringBuilder text = new StringBuilder();
    for (Throwable it = failure; it != null; it = it.getCause()) {
      text.append(text.isEmpty() ? "" : ": ")
          .append(it.getMessage() == null ? it.getClass().getSimpleName() : it.getMessage());
    }
    return text.toString();
  }
}
