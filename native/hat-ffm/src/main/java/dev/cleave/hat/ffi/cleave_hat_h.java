package dev.cleave.hat.ffi;

import static java.lang.foreign.MemoryLayout.sequenceLayout;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The functions of {@code cleave_hat.h}, in the form that jextract gives them. Written by hand for
 * the header with sha-256 {@value #HEADER_SHA256}; where jextract is at hand this shows what it
 * makes of the same:
 *
 * <pre>
 * jextract --output src/main/java --target-package dev.cleave.hat.ffi \
 *     --header-class-name cleave_hat_h src/main/cpp/include/cleave_hat.h
 * </pre>
 *
 * <p>What differs from its output: the addresses belong to one object, not to the process, because
 * two libraries may be open at once and each is unloaded with its arena; and what nothing uses is
 * left out. Thread-safe. After its arena is closed every call is an {@link IllegalStateException}.
 */
@SuppressWarnings({"MemberName", "restricted"}) // the header's names; this is the place that may
public final class cleave_hat_h {
  /** Of the header that these bindings are for. */
  static final String HEADER_SHA256 =
      "3d74199beb07de6e5684be22ea0944bd86cc000a17dcc5e489cb0ac90736d8fc";

  static final ValueLayout.OfInt C_INT = ValueLayout.JAVA_INT;
  static final ValueLayout.OfLong C_LONG = ValueLayout.JAVA_LONG;
  static final ValueLayout.OfFloat C_FLOAT = ValueLayout.JAVA_FLOAT;
  static final AddressLayout C_POINTER = ValueLayout.ADDRESS;

  /** A name that ends within so many bytes: nothing is read behind them. */
  static final AddressLayout C_STRING =
      C_POINTER.withTargetLayout(
          sequenceLayout(cleave_hat_constants.CLEAVE_HAT_NAME_BYTES, ValueLayout.JAVA_BYTE));

  private final MemorySegment cleave_hat_abi_version$address;
  private final MemorySegment cleave_hat_library_version$address;
  private final MemorySegment cleave_hat_status_name$address;
  private final MemorySegment cleave_hat_count_open$address;
  private final MemorySegment cleave_hat_scan$address;
  private final MemorySegment cleave_hat_device_open$address;
  private final MemorySegment cleave_hat_device_info_of$address;
  private final MemorySegment cleave_hat_device_telemetry$address;
  private final MemorySegment cleave_hat_device_close$address;
  private final MemorySegment cleave_hat_model_load_file$address;
  private final MemorySegment cleave_hat_model_load_buffer$address;
  private final MemorySegment cleave_hat_model_edge_count$address;
  private final MemorySegment cleave_hat_model_edge_info$address;
  private final MemorySegment cleave_hat_model_set_format$address;
  private final MemorySegment cleave_hat_model_set_batch$address;
  private final MemorySegment cleave_hat_model_free$address;
  private final MemorySegment cleave_hat_session_open$address;
  private final MemorySegment cleave_hat_session_queue_size$address;
  private final MemorySegment cleave_hat_session_run$address;
  private final MemorySegment cleave_hat_session_wait_ready$address;
  private final MemorySegment cleave_hat_session_run_async$address;
  private final MemorySegment cleave_hat_session_shutdown$address;
  private final MemorySegment cleave_hat_session_close$address;

  /**
   * Loads a library and finds every function.
   *
   * @param arena unloads it when it is closed
   * @throws IllegalArgumentException when it cannot be loaded
   * @throws java.util.NoSuchElementException when a function is missing
   */
  public cleave_hat_h(Path library, Arena arena) {
    SymbolLookup symbols = SymbolLookup.libraryLookup(library, arena);
    cleave_hat_abi_version$address = symbols.findOrThrow("cleave_hat_abi_version");
    cleave_hat_library_version$address = symbols.findOrThrow("cleave_hat_library_version");
    cleave_hat_status_name$address = symbols.findOrThrow("cleave_hat_status_name");
    cleave_hat_count_open$address = symbols.findOrThrow("cleave_hat_count_open");
    cleave_hat_scan$address = symbols.findOrThrow("cleave_hat_scan");
    cleave_hat_device_open$address = symbols.findOrThrow("cleave_hat_device_open");
    cleave_hat_device_info_of$address = symbols.findOrThrow("cleave_hat_device_info_of");
    cleave_hat_device_telemetry$address = symbols.findOrThrow("cleave_hat_device_telemetry");
    cleave_hat_device_close$address = symbols.findOrThrow("cleave_hat_device_close");
    cleave_hat_model_load_file$address = symbols.findOrThrow("cleave_hat_model_load_file");
    cleave_hat_model_load_buffer$address = symbols.findOrThrow("cleave_hat_model_load_buffer");
    cleave_hat_model_edge_count$address = symbols.findOrThrow("cleave_hat_model_edge_count");
    cleave_hat_model_edge_info$address = symbols.findOrThrow("cleave_hat_model_edge_info");
    cleave_hat_model_set_format$address = symbols.findOrThrow("cleave_hat_model_set_format");
    cleave_hat_model_set_batch$address = symbols.findOrThrow("cleave_hat_model_set_batch");
    cleave_hat_model_free$address = symbols.findOrThrow("cleave_hat_model_free");
    cleave_hat_session_open$address = symbols.findOrThrow("cleave_hat_session_open");
    cleave_hat_session_queue_size$address = symbols.findOrThrow("cleave_hat_session_queue_size");
    cleave_hat_session_run$address = symbols.findOrThrow("cleave_hat_session_run");
    cleave_hat_session_wait_ready$address = symbols.findOrThrow("cleave_hat_session_wait_ready");
    cleave_hat_session_run_async$address = symbols.findOrThrow("cleave_hat_session_run_async");
    cleave_hat_session_shutdown$address = symbols.findOrThrow("cleave_hat_session_shutdown");
    cleave_hat_session_close$address = symbols.findOrThrow("cleave_hat_session_close");
  }

  private static final class cleave_hat_abi_version {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code uint32_t cleave_hat_abi_version(void)}. */
  public int cleave_hat_abi_version() {
    try {
      return (int) cleave_hat_abi_version.HANDLE.invokeExact(cleave_hat_abi_version$address);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_library_version {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(C_INT, C_POINTER, C_LONG, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code int32_t cleave_hat_library_version(char *out, uint64_t capacity, uint64_t *needed)}. */
  public int cleave_hat_library_version(MemorySegment out, long capacity, MemorySegment needed) {
    try {
      return (int)
          cleave_hat_library_version.HANDLE.invokeExact(
              cleave_hat_library_version$address, out, capacity, needed);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_status_name {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_STRING, C_INT);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code const char * cleave_hat_status_name(int32_t status)}. */
  public MemorySegment cleave_hat_status_name(int status) {
    try {
      return (MemorySegment)
          cleave_hat_status_name.HANDLE.invokeExact(cleave_hat_status_name$address, status);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_count_open {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code int32_t cleave_hat_count_open(cleave_hat_open_handles *out)}. */
  public int cleave_hat_count_open(MemorySegment out) {
    try {
      return (int) cleave_hat_count_open.HANDLE.invokeExact(cleave_hat_count_open$address, out);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_scan {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(C_INT, C_POINTER, C_INT, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /**
   * {@code int32_t cleave_hat_scan(cleave_hat_device_id *out, uint32_t capacity, uint32_t *count)}.
   */
  public int cleave_hat_scan(MemorySegment out, int capacity, MemorySegment count) {
    try {
      return (int)
          cleave_hat_scan.HANDLE.invokeExact(cleave_hat_scan$address, out, capacity, count);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_device_open {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code int32_t cleave_hat_device_open(const char *name, cleave_hat_device **out)}. */
  public int cleave_hat_device_open(MemorySegment name, MemorySegment out) {
    try {
      return (int)
          cleave_hat_device_open.HANDLE.invokeExact(cleave_hat_device_open$address, name, out);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_device_info_of {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /**
   * {@code int32_t cleave_hat_device_info_of(cleave_hat_device *device, cleave_hat_device_info
   * *out)}.
   */
  public int cleave_hat_device_info_of(MemorySegment device, MemorySegment out) {
    try {
      return (int)
          cleave_hat_device_info_of.HANDLE.invokeExact(
              cleave_hat_device_info_of$address, device, out);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_device_telemetry {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /**
   * {@code int32_t cleave_hat_device_telemetry(cleave_hat_device *device, cleave_hat_telemetry
   * *out)}.
   */
  public int cleave_hat_device_telemetry(MemorySegment device, MemorySegment out) {
    try {
      return (int)
          cleave_hat_device_telemetry.HANDLE.invokeExact(
              cleave_hat_device_telemetry$address, device, out);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_device_close {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code int32_t cleave_hat_device_close(cleave_hat_device *device)}. */
  public int cleave_hat_device_close(MemorySegment device) {
    try {
      return (int)
          cleave_hat_device_close.HANDLE.invokeExact(cleave_hat_device_close$address, device);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_model_load_file {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(C_INT, C_POINTER, C_POINTER, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /**
   * {@code int32_t cleave_hat_model_load_file(cleave_hat_device *device, const char *path,
   * cleave_hat_model **out)}.
   */
  public int cleave_hat_model_load_file(
      MemorySegment device, MemorySegment path, MemorySegment out) {
    try {
      return (int)
          cleave_hat_model_load_file.HANDLE.invokeExact(
              cleave_hat_model_load_file$address, device, path, out);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_model_load_buffer {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(C_INT, C_POINTER, C_POINTER, C_LONG, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /**
   * {@code int32_t cleave_hat_model_load_buffer(cleave_hat_device *device, const void *data,
   * uint64_t bytes, cleave_hat_model **out)}.
   */
  public int cleave_hat_model_load_buffer(
      MemorySegment device, MemorySegment data, long bytes, MemorySegment out) {
    try {
      return (int)
          cleave_hat_model_load_buffer.HANDLE.invokeExact(
              cleave_hat_model_load_buffer$address, device, data, bytes, out);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_model_edge_count {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code int32_t cleave_hat_model_edge_count(cleave_hat_model *model, uint32_t *out)}. */
  public int cleave_hat_model_edge_count(MemorySegment model, MemorySegment out) {
    try {
      return (int)
          cleave_hat_model_edge_count.HANDLE.invokeExact(
              cleave_hat_model_edge_count$address, model, out);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_model_edge_info {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(C_INT, C_POINTER, C_INT, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /**
   * {@code int32_t cleave_hat_model_edge_info(cleave_hat_model *model, uint32_t index,
   * cleave_hat_edge_info *out)}.
   */
  public int cleave_hat_model_edge_info(MemorySegment model, int index, MemorySegment out) {
    try {
      return (int)
          cleave_hat_model_edge_info.HANDLE.invokeExact(
              cleave_hat_model_edge_info$address, model, index, out);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_model_set_format {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(C_INT, C_POINTER, C_POINTER, C_INT);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /**
   * {@code int32_t cleave_hat_model_set_format(cleave_hat_model *model, const char *edge, int32_t
   * dtype)}.
   */
  public int cleave_hat_model_set_format(MemorySegment model, MemorySegment edge, int dtype) {
    try {
      return (int)
          cleave_hat_model_set_format.HANDLE.invokeExact(
              cleave_hat_model_set_format$address, model, edge, dtype);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_model_set_batch {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER, C_INT);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code int32_t cleave_hat_model_set_batch(cleave_hat_model *model, uint32_t frames)}. */
  public int cleave_hat_model_set_batch(MemorySegment model, int frames) {
    try {
      return (int)
          cleave_hat_model_set_batch.HANDLE.invokeExact(
              cleave_hat_model_set_batch$address, model, frames);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_model_free {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code int32_t cleave_hat_model_free(cleave_hat_model *model)}. */
  public int cleave_hat_model_free(MemorySegment model) {
    try {
      return (int) cleave_hat_model_free.HANDLE.invokeExact(cleave_hat_model_free$address, model);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_session_open {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code int32_t cleave_hat_session_open(cleave_hat_model *model, cleave_hat_session **out)}. */
  public int cleave_hat_session_open(MemorySegment model, MemorySegment out) {
    try {
      return (int)
          cleave_hat_session_open.HANDLE.invokeExact(cleave_hat_session_open$address, model, out);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_session_queue_size {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code int32_t cleave_hat_session_queue_size(cleave_hat_session *session, uint32_t *out)}. */
  public int cleave_hat_session_queue_size(MemorySegment session, MemorySegment out) {
    try {
      return (int)
          cleave_hat_session_queue_size.HANDLE.invokeExact(
              cleave_hat_session_queue_size$address, session, out);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_session_run {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(C_INT, C_POINTER, C_POINTER, C_INT, C_INT);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /**
   * {@code int32_t cleave_hat_session_run(cleave_hat_session *session, const cleave_hat_buffer
   * *buffers, uint32_t count, uint32_t timeout_millis)}.
   */
  public int cleave_hat_session_run(
      MemorySegment session, MemorySegment buffers, int count, int timeout_millis) {
    try {
      return (int)
          cleave_hat_session_run.HANDLE.invokeExact(
              cleave_hat_session_run$address, session, buffers, count, timeout_millis);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_session_wait_ready {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER, C_INT, C_INT);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /**
   * {@code int32_t cleave_hat_session_wait_ready(cleave_hat_session *session, uint32_t transfers,
   * uint32_t timeout_millis)}.
   */
  public int cleave_hat_session_wait_ready(
      MemorySegment session, int transfers, int timeout_millis) {
    try {
      return (int)
          cleave_hat_session_wait_ready.HANDLE.invokeExact(
              cleave_hat_session_wait_ready$address, session, transfers, timeout_millis);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_session_run_async {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(C_INT, C_POINTER, C_POINTER, C_INT, C_POINTER, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /**
   * {@code int32_t cleave_hat_session_run_async(cleave_hat_session *session, const
   * cleave_hat_buffer *buffers, uint32_t count, cleave_hat_done done, void *context)}.
   */
  public int cleave_hat_session_run_async(
      MemorySegment session,
      MemorySegment buffers,
      int count,
      MemorySegment done,
      MemorySegment context) {
    try {
      return (int)
          cleave_hat_session_run_async.HANDLE.invokeExact(
              cleave_hat_session_run_async$address, session, buffers, count, done, context);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_session_shutdown {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code int32_t cleave_hat_session_shutdown(cleave_hat_session *session)}. */
  public int cleave_hat_session_shutdown(MemorySegment session) {
    try {
      return (int)
          cleave_hat_session_shutdown.HANDLE.invokeExact(
              cleave_hat_session_shutdown$address, session);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static final class cleave_hat_session_close {
    static final FunctionDescriptor DESC = FunctionDescriptor.of(C_INT, C_POINTER);
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(DESC);
  }

  /** {@code int32_t cleave_hat_session_close(cleave_hat_session *session)}. */
  public int cleave_hat_session_close(MemorySegment session) {
    try {
      return (int)
          cleave_hat_session_close.HANDLE.invokeExact(cleave_hat_session_close$address, session);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** What a call may throw before it is made: a closed arena, a segment of the heap. */
  static RuntimeException unexpected(Throwable e) {
    return switch (e) {
      case Error error -> throw error;
      case RuntimeException exception -> exception;
      default -> throw new AssertionError("a downcall threw a checked exception", e);
    };
  }
}
