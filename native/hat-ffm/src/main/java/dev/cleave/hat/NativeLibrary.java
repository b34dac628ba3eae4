package dev.cleave.hat;

import static dev.cleave.hat.HatException.Category.FATAL;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_ABI_VERSION;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_INSUFFICIENT_BUFFER;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_NAME_BYTES;

import dev.cleave.hat.ffi.Environment;
import dev.cleave.hat.ffi.cleave_hat_device_id;
import dev.cleave.hat.ffi.cleave_hat_h;
import dev.cleave.hat.ffi.cleave_hat_open_handles;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** A library that was loaded, and is unloaded when it is closed. */
final class NativeLibrary implements HatLibrary {
  /** Major and minor version of the ABI are one number. */
  private static final int MAJOR = 1000;

  /** Of devices, from whatever the library says: a machine has a few. */
  private static final int MOST_DEVICES = 1024;

  private final Arena arena;
  private final cleave_hat_h calls;
  private final Statuses statuses;
  private final String version;
  private int devices;
  private boolean closed;

  private NativeLibrary(Arena arena, cleave_hat_h calls) {
    this.arena = arena;
    this.calls = calls;
    this.statuses = new Statuses(calls);
    this.version = readVersion();
  }

  static HatLibrary load(Path file) {
    if (!Files.isRegularFile(file)) {
      throw refused(
          file, "there is no such file: build it with build-shim.sh, or name another", null);
    }
    // The vendor's runtime writes log files into the working directory as soon as it is loaded.
    Environment.setIfAbsent("HAILORT_LOGGER_PATH", "NONE");
    // Shared: devices are opened and used by any thread, and whoever made this closes it.
    Arena arena = Arena.ofShared();
    try {
      cleave_hat_h calls = new cleave_hat_h(file.toAbsolutePath(), arena);
      int abi = calls.cleave_hat_abi_version();
      if (abi / MAJOR != CLEAVE_HAT_ABI_VERSION / MAJOR) {
        throw refused(
            file,
            "its ABI is %d, and %d is needed: build it anew from this release"
                .formatted(abi, CLEAVE_HAT_ABI_VERSION),
            null);
      }
      return new NativeLibrary(arena, calls);
    } catch (IllegalArgumentException e) {
      arena.close();
      throw refused(
          file, "it cannot be loaded: `ldd " + file.toAbsolutePath() + "` shows what it lacks", e);
    } catch (NoSuchElementException e) {
      arena.close();
      throw refused(
          file, "it lacks a function (" + e.getMessage() + "): build it anew from this release", e);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static HatException refused(Path file, String next, @Nullable Exception cause) {
    HatException refused = new HatException(FATAL, "loading " + file, 0, "", next);
    if (cause != null) {
      refused.initCause(cause);
    }
    return refused;
  }

  @Override
  public String version() {
    return version;
  }

  private String readVersion() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment out = local.allocate(CLEAVE_HAT_NAME_BYTES);
      MemorySegment needed = local.allocate(ValueLayout.JAVA_LONG);
      statuses.check(
          calls.cleave_hat_library_version(out, out.byteSize(), needed),
          "asking the library for its version");
      return out.getString(0);
    }
  }

  @Override
  public List<String> scan() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment count = local.allocate(ValueLayout.JAVA_INT);
      int capacity = 4;
      while (true) {
        MemorySegment ids = cleave_hat_device_id.allocateArray(capacity, local);
        int status = calls.cleave_hat_scan(ids, capacity, count);
        int found = count.get(ValueLayout.JAVA_INT, 0);
        // More of them may come between two calls.
        if (status == CLEAVE_HAT_INSUFFICIENT_BUFFER && found > capacity && found < MOST_DEVICES) {
          capacity = found;
          continue;
        }
        statuses.check(status, "looking for devices");
        List<String> names = new ArrayList<>();
        for (int i = 0; i < found; i++) {
          names.add(cleave_hat_device_id.name(cleave_hat_device_id.asSlice(ids, i)));
        }
        return List.copyOf(names);
      }
    }
  }

  @Override
  public HatDevice open(String name) {
    String what = name.isEmpty() ? "opening the first device" : "opening device " + name;
    countDevice(1);
    boolean opened = false;
    try (Arena local = Arena.ofConfined()) {
      MemorySegment out = local.allocate(ValueLayout.ADDRESS);
      MemorySegment wanted = name.isEmpty() ? MemorySegment.NULL : local.allocateFrom(name);
      statuses.check(
          calls.cleave_hat_device_open(wanted, out),
          what,
          "there is no such device: `./cleave doctor` lists those that there are");
      MemorySegment address = out.get(ValueLayout.ADDRESS, 0);
      opened = true;
      String known = name.isEmpty() ? "the first device" : name;
      return new NativeDevice(calls, statuses, address, known, () -> countDevice(-1));
    } finally {
      if (!opened) {
        countDevice(-1);
      }
    }
  }

  private synchronized void countDevice(int more) {
    if (closed) {
      throw new IllegalStateException("the library is closed");
    }
    devices += more;
  }

  @Override
  public OpenHandles openHandles() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment out = cleave_hat_open_handles.allocate(local);
      statuses.check(calls.cleave_hat_count_open(out), "counting open handles");
      return new OpenHandles(
          cleave_hat_open_handles.devices(out),
          cleave_hat_open_handles.models(out),
          cleave_hat_open_handles.sessions(out),
          cleave_hat_open_handles.transfers(out));
    }
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    if (devices > 0) {
      throw new IllegalStateException(
          "%d devices of the library are open: close them first".formatted(devices));
    }
    arena.close();
    closed = true;
  }
}
