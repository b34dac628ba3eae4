package dev.cleave.hat;

import static dev.cleave.hat.HatException.Category.FATAL;
import static dev.cleave.hat.HatException.Category.REOPEN_SESSION;
import static dev.cleave.hat.HatException.Category.RETRY;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_SUCCESS;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_TIMEOUT;

import dev.cleave.hat.ffi.cleave_hat_h;

/** Turns the statuses of a library into exceptions that say what to do. Immutable, thread-safe. */
final class Statuses {
  private final cleave_hat_h calls;

  Statuses(cleave_hat_h calls) {
    this.calls = calls;
  }

  /** What a caller can do about a status of this name. */
  record Advice(HatException.Category category, String next) {
    static Advice of(String status) {
      return switch (status) {
        case "TIMEOUT" -> new Advice(RETRY, "try again, with more time if it stays away");
        case "QUEUE_IS_FULL" -> new Advice(RETRY, "try again when a transfer has ended");
        case "COMMUNICATION_CLOSED" ->
            new Advice(
                REOPEN_SESSION,
                "the connection to the chip is lost: close session, model and device and open them"
                    + " anew; where that fails, `./cleave doctor`");
        case "OPERATION_ABORTED" ->
            new Advice(REOPEN_SESSION, "the session was shut down: close it and open it anew");
        case "OUT_OF_HOST_MEMORY" -> new Advice(FATAL, "free memory, or use a smaller bucket");
        case "OPEN_FILE_FAILURE" -> new Advice(FATAL, "check the path and who may read it");
        case "FILE_OPERATION_FAILURE" ->
            new Advice(FATAL, "the file is empty or cannot be read: compile or copy it again");
        case "HEF_FILE_CORRUPTED" ->
            new Advice(FATAL, "the file is damaged or cut short: copy or compile it again");
        case "HEF_NOT_SUPPORTED" ->
            new Advice(FATAL, "it is no compiled model of a kind that this library takes");
        case "INVALID_HEF" ->
            new Advice(FATAL, "compile the model for the release that is installed");
        case "DRIVER_NOT_INSTALLED" ->
            new Advice(FATAL, "install the driver of the board: `./cleave doctor` says how");
        case "DEVICE_IN_USE" ->
            new Advice(
                FATAL,
                "another process has it: `sudo fuser -v /dev/h1x-* /dev/hailo*` shows which");
        case "OUT_OF_PHYSICAL_DEVICES" ->
            new Advice(
                FATAL, "no board was found: check its ribbon cable, then run `./cleave doctor`");
        case "INVALID_DRIVER_VERSION" ->
            new Advice(
                FATAL,
                "driver and runtime are of different releases: install both packages of one"
                    + " release, reboot, and build the shim anew; `./cleave doctor` shows both");
        case "NOT_IMPLEMENTED" -> new Advice(FATAL, "this release of the runtime cannot do it");
        default -> new Advice(FATAL, "`./cleave doctor` shows the state of the board");
      };
    }
  }

  /** Does nothing on success. */
  void check(int status, String what) {
    if (status != CLEAVE_HAT_SUCCESS) {
      throw failure(status, what);
    }
  }

  /** As {@link #check(int, String)}, where some statuses are about an argument. */
  void check(int status, String what, String ofArgument) {
    if (status == CLEAVE_HAT_SUCCESS) {
      return;
    }
    String name = name(status);
    throw switch (name) {
      case "INVALID_ARGUMENT", "INVALID_OPERATION", "NOT_FOUND" ->
          new HatException(FATAL, what, status, name, ofArgument);
      default -> failure(status, what);
    };
  }

  HatException failure(int status, String what) {
    String name = name(status);
    Advice advice = Advice.of(name);
    return new HatException(advice.category(), what, status, name, advice.next());
  }

  /** For what only a new session can mend, whatever the status says of itself. */
  HatException reopen(int status, String what, String next) {
    return new HatException(REOPEN_SESSION, what, status, name(status), next);
  }

  /** The library did nothing wrong, or has yet to say so: time ran out on this side. */
  HatException timeout(String what, String next) {
    return new HatException(RETRY, what, CLEAVE_HAT_TIMEOUT, name(CLEAVE_HAT_TIMEOUT), next);
  }

  String name(int status) {
    return calls.cleave_hat_status_name(status).getString(0);
  }
}
