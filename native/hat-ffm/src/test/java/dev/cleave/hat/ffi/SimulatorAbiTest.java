package dev.cleave.hat.ffi;

import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_DEVICE_IN_USE;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_DRIVER_NOT_INSTALLED;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_INVALID_HEF;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_OPERATION_ABORTED;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_QUEUE_IS_FULL;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_TIMEOUT;
import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.hat.SimulatedModel;
import dev.cleave.hat.SimulatorLibrary;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The contract on the simulator, and what only a simulator can be told to do. */
class SimulatorAbiTest extends AbiContract {
  @Override
  Path file() {
    Path file = SimulatorLibrary.file();
    SimulatorLibrary.configure("");
    return file;
  }

  @Override
  Path model() throws IOException {
    return Files.write(folder.resolve("relu"), SimulatedModel.reluOfBytes(4, 8));
  }

  @AfterEach
  void reset() {
    if (library != null) {
      SimulatorLibrary.configure("");
    }
  }

  @Test
  void aTransferThatTimedOutWritesUntilTheSessionIsClosed() throws IOException {
    MemorySegment model = library.model(library.device(), model());
    MemorySegment out = library.out();
    assertThat(calls.cleave_hat_session_open(model, out)).isZero();
    MemorySegment session = out.get(ADDRESS, 0);
    MemorySegment buffers = library.buffers(model);
    SimulatorLibrary.configure("timeout_at=1,late_us=1500000");
    assertThat(calls.cleave_hat_session_run(session, buffers, 2, 1)).isEqualTo(CLEAVE_HAT_TIMEOUT);
    MemorySegment open = cleave_hat_open_handles.allocate(library.arena);
    assertThat(calls.cleave_hat_count_open(open)).isZero();
    assertThat(cleave_hat_open_handles.transfers(open)).isEqualTo(1);
    assertThat(calls.cleave_hat_session_close(session)).isZero();
    byte wanted = (byte) SimulatedModel.reluOf(0, 0xFF);
    MemorySegment output = cleave_hat_buffer.asSlice(buffers, 1).get(ADDRESS, 8);
    assertThat(at(output)).as("what came late").isEqualTo(wanted);
  }

  @SuppressWarnings("restricted") // memory of the test's own, by its address
  private static byte at(MemorySegment address) {
    return address.reinterpret(1).get(JAVA_BYTE, 0);
  }

  @Test
  void aFullQueueTakesNothingAndShutsNothingDown() throws IOException {
    SimulatorLibrary.configure("queue=2,latency_us=60000000");
    MemorySegment model = library.model(library.device(), model());
    MemorySegment session = library.session(model);
    AtomicInteger aborted = new AtomicInteger();
    MemorySegment done =
        cleave_hat_done.allocate(
            (context, status) ->
                aborted.addAndGet(status == CLEAVE_HAT_OPERATION_ABORTED ? 1 : 1000),
            library.arena);
    for (int i = 0; i < 2; i++) {
      MemorySegment buffers = library.buffers(model);
      assertThat(calls.cleave_hat_session_run_async(session, buffers, 2, done, NULL)).isZero();
    }
    MemorySegment buffers = library.buffers(model);
    assertThat(calls.cleave_hat_session_run_async(session, buffers, 2, done, NULL))
        .isEqualTo(CLEAVE_HAT_QUEUE_IS_FULL);
    assertThat(calls.cleave_hat_session_wait_ready(session, 1, 5)).isEqualTo(CLEAVE_HAT_TIMEOUT);
    assertThat(calls.cleave_hat_session_run(session, buffers, 2, 5)).isEqualTo(CLEAVE_HAT_TIMEOUT);
    assertThat(aborted).hasValue(0);
    assertThat(calls.cleave_hat_session_shutdown(session)).isZero();
    assertThat(aborted).as("told when shutting down returns").hasValue(2);
  }

  @Test
  void failuresLeaveOutPointersAlone() throws IOException {
    MemorySegment out = library.out();
    SimulatorLibrary.configure("busy=1");
    assertThat(calls.cleave_hat_device_open(NULL, out)).isEqualTo(CLEAVE_HAT_DEVICE_IN_USE);
    SimulatorLibrary.configure("driver_missing=1");
    assertThat(calls.cleave_hat_device_open(NULL, out)).isEqualTo(CLEAVE_HAT_DRIVER_NOT_INSTALLED);
    SimulatorLibrary.configure("hef_release=5003");
    MemorySegment device = library.device();
    MemorySegment path = library.arena.allocateFrom(model().toString());
    assertThat(calls.cleave_hat_model_load_file(device, path, out))
        .isEqualTo(CLEAVE_HAT_INVALID_HEF);
    assertThat(out.toArray(JAVA_LONG)).containsExactly(RawLibrary.UNTOUCHED.address());
  }
}
