package dev.cleave.lab.cli;

/** Entry point of the commands that need both halves, beside those of the device. */
public final class Main {
  private Main() {}

  /** Runs a command and exits with 0 (done), 1 (failed) or 2 (refused: usage or input). */
  public static void main(String[] args) {
    dev.cleave.edge.cli.Main.launch(args, commands());
  }

  /** What this module adds to the command line or replaces there. */
  static Object[] commands() {
    return new Object[] {new CalibratedSplitCommand(), new CalibrateCommand()};
  }
}
