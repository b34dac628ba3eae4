package dev.cleave.hat.ffi;

import static dev.cleave.hat.ffi.cleave_hat_constants.*;
import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code cleave_hat.h} promises, for every library that has it. Rows that need a device, or a
 * model, are skipped where there is none.
 */
abstract class AbiContract {
  static final int LONG_MILLIS = 60_000;

  @TempDir Path folder;

  RawLibrary library;
  cleave_hat_h calls;

  /** Skips the test where there is no library. */
  abstract Path file();

  /** A model that the library takes; skips the test where there is none. */
  abstract Path model() throws IOException;

  @SuppressWarnings("NullAway.Init") // before each test
  AbiContract() {}

  @BeforeEach
  void open() {
    library = new RawLibrary(file());
    calls = library.calls;
  }

  @AfterEach
  void close() {
    if (library != null) {
      library.close();
    }
  }

  @Test
  void hasTheMajorVersionOfTheHeader() {
    assertThat(calls.cleave_hat_abi_version() / 1000).isEqualTo(CLEAVE_HAT_ABI_VERSION / 1000);
  }

  @Test
  void saysItsVersionWhereThereIsRoom() {
    MemorySegment out = library.arena.allocate(64);
    MemorySegment needed = library.arena.allocate(JAVA_LONG);
    assertThat(calls.cleave_hat_library_version(out, 1, needed))
        .isEqualTo(CLEAVE_HAT_INSUFFICIENT_BUFFER);
    assertThat(out.get(JAVA_BYTE, 0)).as("untouched").isZero();
    assertThat(calls.cleave_hat_library_version(out, needed.get(JAVA_LONG, 0) - 1, needed))
        .isEqualTo(CLEAVE_HAT_INSUFFICIENT_BUFFER);
    assertThat(calls.cleave_hat_library_version(out, needed.get(JAVA_LONG, 0), needed)).isZero();
    assertThat(out.getString(0)).matches("\\d+\\.\\d+\\.\\d+.*");
    assertThat(out.getString(0).length() + 1L).isEqualTo(needed.get(JAVA_LONG, 0));
  }

  @Test
  void namesEveryStatus() throws ReflectiveOperationException {
    int named = 0;
    for (Field field : cleave_hat_constants.class.getDeclaredFields()) {
      String name = field.getName().substring("CLEAVE_HAT_".length());
      boolean status =
          !name.matches(
              "ABI_VERSION|NAME_BYTES|TRANSFER_MULTIPLE|MAX_.*|U?INT.*8|UINT16|FLOAT32|INPUT|OUTPUT");
      if (status) {
        assertThat(library.name(field.getInt(null))).isEqualTo(name);
        named++;
      }
    }
    assertThat(named).isGreaterThan(18);
    for (int unknown : new int[] {-1, 9999, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      assertThat(library.name(unknown)).isEqualTo("UNKNOWN");
    }
  }

  @Test
  void nullIsAnInvalidArgumentEverywhere() {
    MemorySegment out = library.out();
    MemorySegment text = library.arena.allocateFrom("x");
    Map<String, IntSupplier> nulls = new LinkedHashMap<>();
    nulls.put("version", () -> calls.cleave_hat_library_version(out, 8, NULL));
    nulls.put("version out", () -> calls.cleave_hat_library_version(NULL, 8, out));
    nulls.put("count open", () -> calls.cleave_hat_count_open(NULL));
    nulls.put("scan", () -> calls.cleave_hat_scan(out, 0, NULL));
    nulls.put("scan out", () -> calls.cleave_hat_scan(NULL, 1, out));
    nulls.put("open", () -> calls.cleave_hat_device_open(NULL, NULL));
    nulls.put("info", () -> calls.cleave_hat_device_info_of(NULL, out));
    nulls.put("telemetry", () -> calls.cleave_hat_device_telemetry(NULL, out));
    nulls.put("close", () -> calls.cleave_hat_device_close(NULL));
    nulls.put("load", () -> calls.cleave_hat_model_load_file(NULL, text, out));
    nulls.put("load buffer", () -> calls.cleave_hat_model_load_buffer(NULL, text, 2, out));
    nulls.put("edge count", () -> calls.cleave_hat_model_edge_count(NULL, out));
    nulls.put("edge info", () -> calls.cleave_hat_model_edge_info(NULL, 0, out));
    nulls.put("format", () -> calls.cleave_hat_model_set_format(NULL, text, CLEAVE_HAT_UINT8));
    nulls.put("batch", () -> calls.cleave_hat_model_set_batch(NULL, 1));
    nulls.put("free", () -> calls.cleave_hat_model_free(NULL));
    nulls.put("session", () -> calls.cleave_hat_session_open(NULL, out));
    nulls.put("queue", () -> calls.cleave_hat_session_queue_size(NULL, out));
    nulls.put("run", () -> calls.cleave_hat_session_run(NULL, out, 1, 1));
    nulls.put("ready", () -> calls.cleave_hat_session_wait_ready(NULL, 1, 1));
    nulls.put("async", () -> calls.cleave_hat_session_run_async(NULL, out, 1, out, out));
    nulls.put("shutdown", () -> calls.cleave_hat_session_shutdown(NULL));
    nulls.put("close session", () -> calls.cleave_hat_session_close(NULL));
    nulls.forEach((name, call) ->
        assertThat(call.getAsInt()).as(name).isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT));
    assertThat(out.get(ADDRESS, 0)).as("out pointers").isEqualTo(RawLibrary.UNTOUCHED);
  }

  @Test
  void openingWhatIsNotThereFails() {
    MemorySegment out = library.out();
    MemorySegment unknown = library.arena.allocateFrom("ffff:ff:1f.7");
    int[] allowed =
        library.devices() > 0
            ? new int[] {CLEAVE_HAT_INVALID_ARGUMENT}
            : new int[] {
              CLEAVE_HAT_INVALID_ARGUMENT,
              CLEAVE_HAT_OUT_OF_PHYSICAL_DEVICES,
              CLEAVE_HAT_DRIVER_NOT_INSTALLED
            };
    assertThat(allowed).contains(calls.cleave_hat_device_open(unknown, out));
    if (library.devices() == 0) {
      assertThat(calls.cleave_hat_device_open(NULL, out))
          .isIn(CLEAVE_HAT_OUT_OF_PHYSICAL_DEVICES, CLEAVE_HAT_DRIVER_NOT_INSTALLED);
    }
    assertThat(out.get(ADDRESS, 0)).isEqualTo(RawLibrary.UNTOUCHED);
  }

  @Test
  void scanSaysHowManyThereAre() {
    int devices = library.devices();
    assumeThat(devices).as("devices of this machine").isPositive();
    MemorySegment count = library.arena.allocate(JAVA_INT);
    assertThat(calls.cleave_hat_scan(NULL, 0, count)).isEqualTo(CLEAVE_HAT_INSUFFICIENT_BUFFER);
    assertThat(count.get(JAVA_INT, 0)).isEqualTo(devices);
  }

  @Test
  void aDeviceIsForOneAlone() {
    MemorySegment device = library.device();
    MemorySegment out = library.out();
    if (library.devices() == 1) {
      assertThat(calls.cleave_hat_device_open(NULL, out)).isEqualTo(CLEAVE_HAT_DEVICE_IN_USE);
      assertThat(out.get(ADDRESS, 0)).isEqualTo(RawLibrary.UNTOUCHED);
    }
    MemorySegment info = cleave_hat_device_info.allocate(library.arena);
    assertThat(calls.cleave_hat_device_info_of(device, info)).isZero();
    assertThat(cleave_hat_device_info.architecture(info)).startsWith("HAILO10H");
    assertThat(calls.cleave_hat_device_info_of(device, NULL))
        .isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT);
    assertThat(calls.cleave_hat_device_telemetry(device, NULL))
        .isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT);
  }

  @Test
  void refusesFilesThatAreNoModels() throws IOException {
    MemorySegment device = library.device();
    byte[] whole = Files.readAllBytes(model());
    assertThat(load(device, folder.resolve("missing"))).isEqualTo(CLEAVE_HAT_OPEN_FILE_FAILURE);
    assertThat(load(device, write(new byte[0]))).isEqualTo(CLEAVE_HAT_FILE_OPERATION_FAILURE);
    byte[] junk = new byte[4096];
    Arrays.fill(junk, (byte) 0x3C);
    assertThat(load(device, write(junk))).isEqualTo(CLEAVE_HAT_HEF_NOT_SUPPORTED);
    assertThat(load(device, write(Arrays.copyOf(whole, whole.length - 9))))
        .isEqualTo(CLEAVE_HAT_HEF_FILE_CORRUPTED);

    MemorySegment out = library.out();
    MemorySegment bytes = library.arena.allocateFrom(JAVA_BYTE, whole);
    assertThat(calls.cleave_hat_model_load_buffer(device, bytes, 0, out))
        .isEqualTo(CLEAVE_HAT_FILE_OPERATION_FAILURE);
    assertThat(calls.cleave_hat_model_load_buffer(device, bytes, whole.length - 9, out))
        .isEqualTo(CLEAVE_HAT_HEF_FILE_CORRUPTED);
    assertThat(calls.cleave_hat_model_load_buffer(device, NULL, 9, out))
        .isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT);
    assertThat(out.get(ADDRESS, 0)).isEqualTo(RawLibrary.UNTOUCHED);
    assertThat(calls.cleave_hat_model_load_buffer(device, bytes, whole.length, out)).isZero();
    assertThat(calls.cleave_hat_model_free(out.get(ADDRESS, 0))).isZero();
  }

  private int load(MemorySegment device, Path file) {
    MemorySegment out = library.out();
    MemorySegment path = library.arena.allocateFrom(file.toString());
    int status = calls.cleave_hat_model_load_file(device, path, out);
    assertThat(out.get(ADDRESS, 0)).isEqualTo(RawLibrary.UNTOUCHED);
    return status;
  }

  private Path write(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("model"), bytes);
  }

  @Test
  void knowsItsEdgesAndWhatTheyTake() throws IOException {
    MemorySegment model = library.model(library.device(), model());
    int edges = library.edges(model);
    assertThat(edges).isGreaterThan(1);
    MemorySegment info = cleave_hat_edge_info.allocate(library.arena);
    int outputs = 0;
    for (int i = 0; i < edges; i++) {
      assertThat(calls.cleave_hat_model_edge_info(model, i, info)).isZero();
      boolean output = cleave_hat_edge_info.direction(info) == CLEAVE_HAT_OUTPUT;
      outputs += output ? 1 : 0;
      assertThat(output || outputs == 0).as("inputs come first").isTrue();
      assertThat(cleave_hat_edge_info.name(info)).isNotBlank();
      assertThat(cleave_hat_edge_info.frame_bytes(info) % CLEAVE_HAT_TRANSFER_MULTIPLE).isZero();
      assertThat(cleave_hat_edge_info.reserved(info)).isZero();
      if (cleave_hat_edge_info.dtype(info) == CLEAVE_HAT_UINT8) {
        MemorySegment edge = library.arena.allocateFrom(cleave_hat_edge_info.name(info));
        assertThat(calls.cleave_hat_model_set_format(model, edge, CLEAVE_HAT_UINT16))
            .isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT);
      }
    }
    assertThat(calls.cleave_hat_model_edge_info(model, edges, info))
        .isEqualTo(CLEAVE_HAT_NOT_FOUND);
    MemorySegment none = library.arena.allocateFrom("none");
    assertThat(calls.cleave_hat_model_set_format(model, none, CLEAVE_HAT_UINT8))
        .isEqualTo(CLEAVE_HAT_NOT_FOUND);
    MemorySegment edge = library.arena.allocateFrom(cleave_hat_edge_info.name(info));
    assertThat(calls.cleave_hat_model_set_format(model, edge, 77))
        .isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT);
    assertThat(calls.cleave_hat_model_set_batch(model, 0)).isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT);
    assertThat(calls.cleave_hat_model_set_batch(model, CLEAVE_HAT_MAX_BATCH + 1))
        .isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT);
  }

  @Test
  void whatIsOpenKeepsWhatItIsOfOpen() throws IOException {
    MemorySegment device = library.device();
    MemorySegment model = library.model(device, model());
    assertThat(calls.cleave_hat_device_close(device)).isEqualTo(CLEAVE_HAT_INVALID_OPERATION);
    library.session(model);
    assertThat(calls.cleave_hat_model_free(model)).isEqualTo(CLEAVE_HAT_INVALID_OPERATION);
    assertThat(calls.cleave_hat_model_set_batch(model, 1)).isEqualTo(CLEAVE_HAT_INVALID_OPERATION);
    MemorySegment open = cleave_hat_open_handles.allocate(library.arena);
    assertThat(calls.cleave_hat_count_open(open)).isZero();
    assertThat(open.toArray(JAVA_LONG)).containsExactly(1, 1, 1, 0);
  }

  @Test
  void refusesBuffersThatDoNotFit() throws IOException {
    MemorySegment model = library.model(library.device(), model());
    MemorySegment session = library.session(model);
    MemorySegment buffers = library.buffers(model);
    int edges = library.edges(model);
    MemorySegment first = cleave_hat_buffer.asSlice(buffers, 0);
    assertThat(run(session, buffers, edges - 1)).isEqualTo(CLEAVE_HAT_NOT_FOUND);
    assertThat(run(session, NULL, edges)).isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT);

    long bytes = first.get(JAVA_LONG, 16);
    cleave_hat_buffer.bytes(first, bytes - 8);
    assertThat(run(session, buffers, edges)).isEqualTo(CLEAVE_HAT_INVALID_OPERATION);
    cleave_hat_buffer.bytes(first, bytes + 8);
    assertThat(run(session, buffers, edges)).isEqualTo(CLEAVE_HAT_INVALID_OPERATION);
    cleave_hat_buffer.bytes(first, bytes);

    MemorySegment data = first.get(ADDRESS, 8);
    cleave_hat_buffer.data(first, MemorySegment.ofAddress(data.address() + 8));
    assertThat(run(session, buffers, edges)).isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT);
    cleave_hat_buffer.data(first, NULL);
    assertThat(run(session, buffers, edges)).isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT);
    cleave_hat_buffer.data(first, data);

    MemorySegment edge = first.get(ADDRESS, 0);
    cleave_hat_buffer.edge(first, library.arena.allocateFrom("none"));
    assertThat(run(session, buffers, edges)).isEqualTo(CLEAVE_HAT_NOT_FOUND);
    cleave_hat_buffer.edge(first, edge);
    assertThat(run(session, buffers, edges)).isZero();
  }

  final int run(MemorySegment session, MemorySegment buffers, int count) {
    return calls.cleave_hat_session_run(session, buffers, count, LONG_MILLIS);
  }

  @Test
  void tellsTheEndOfATransferOnce() throws Exception {
    MemorySegment model = library.model(library.device(), model());
    MemorySegment session = library.session(model);
    MemorySegment buffers = library.buffers(model);
    AtomicInteger told = new AtomicInteger();
    CompletableFuture<String> end = new CompletableFuture<>();
    MemorySegment done =
        cleave_hat_done.allocate(
            (context, status) -> {
              told.incrementAndGet();
              end.complete(context.address() + " " + status);
            },
            library.arena);
    int edges = library.edges(model);
    assertThat(
            calls.cleave_hat_session_run_async(
                session, buffers, edges, done, MemorySegment.ofAddress(77)))
        .isZero();
    assertThat(end.get(LONG_MILLIS, TimeUnit.MILLISECONDS)).isEqualTo("77 0");
    assertThat(calls.cleave_hat_session_run_async(session, buffers, edges, NULL, NULL))
        .as("nobody to tell")
        .isEqualTo(CLEAVE_HAT_INVALID_ARGUMENT);
    assertThat(calls.cleave_hat_session_shutdown(session)).isZero();
    assertThat(told).hasValue(1);
  }

  @Test
  void moreThanTheQueueHoldsIsNeverReady() throws IOException {
    MemorySegment session = library.session(library.model(library.device(), model()));
    MemorySegment size = library.arena.allocate(JAVA_INT);
    assertThat(calls.cleave_hat_session_queue_size(session, size)).isZero();
    int queue = size.get(JAVA_INT, 0);
    assertThat(queue).isPositive();
    assertThat(calls.cleave_hat_session_wait_ready(session, queue, LONG_MILLIS)).isZero();
    assertThat(calls.cleave_hat_session_wait_ready(session, queue + 1, 20))
        .isEqualTo(CLEAVE_HAT_TIMEOUT);
  }

  @Test
  void takesNothingOnceItIsShutDown() throws IOException {
    MemorySegment model = library.model(library.device(), model());
    MemorySegment session = library.session(model);
    MemorySegment buffers = library.buffers(model);
    assertThat(calls.cleave_hat_session_shutdown(session)).isZero();
    assertThat(calls.cleave_hat_session_shutdown(session)).as("again").isZero();
    int edges = library.edges(model);
    assertThat(run(session, buffers, edges)).isEqualTo(CLEAVE_HAT_INVALID_OPERATION);
    assertThat(calls.cleave_hat_session_wait_ready(session, 1, 20))
        .isEqualTo(CLEAVE_HAT_INVALID_OPERATION);
    MemorySegment done = cleave_hat_done.allocate((context, status) -> {}, library.arena);
    assertThat(calls.cleave_hat_session_run_async(session, buffers, edges, done, NULL))
        .isEqualTo(CLEAVE_HAT_INVALID_OPERATION);
  }
}
