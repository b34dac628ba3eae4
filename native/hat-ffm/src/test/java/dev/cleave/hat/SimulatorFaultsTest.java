package dev.cleave.hat;

import static dev.cleave.hat.HatException.Category.FATAL;
import static dev.cleave.hat.HatException.Category.REOPEN_SESSION;
import static dev.cleave.hat.HatException.Category.RETRY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.hat.HatException.Category;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every fault that the simulator can be told to have: what the caller is told, and told to do. */
class SimulatorFaultsTest {
  private static final Duration LONG = SimulatorTransfersTest.LONG;

  @RegisterExtension final SimulatorLibrary simulator = new SimulatorLibrary();

  @TempDir Path folder;

  private static void assertFails(
      ThrowingCallable call, Category category, String status, String next) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            HatException.class,
            e -> {
              assertThat(e.statusName()).isEqualTo(status);
              assertThat(e.category()).isEqualTo(category);
              assertThat(e.status()).isPositive();
            })
        .hasMessageContaining(status)
        .hasMessageContaining(next);
  }

  private static HatModel relu(HatDevice device) {
    return device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)));
  }

  private static void run(HatSession session, int seed) {
    try (HatFrame frame = session.frame()) {
      SimulatorTransfersTest.fill(frame, seed);
      session.run(frame, LONG);
      SimulatorTransfersTest.check(frame, seed);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "devices=0, OUT_OF_PHYSICAL_DEVICES, ribbon",
    "busy=1, DEVICE_IN_USE, fuser",
    "driver_missing=1, DRIVER_NOT_INSTALLED, doctor",
    "driver_mismatch=1, INVALID_DRIVER_VERSION, of one release"
  })
  void openingADeviceSaysWhatIsAmiss(String fault, String status, String next) {
    SimulatorLibrary.configure(fault);
    assertFails(() -> simulator.get().open(""), FATAL, status, next);
    assertThat(simulator.get().openHandles()).isEqualTo(OpenHandles.NONE);
  }

  @Test
  void scansDevicesAndOpensThemByName() {
    SimulatorLibrary.configure("devices=7");
    assertThat(simulator.get().scan()).hasSize(7).doesNotHaveDuplicates();
    String third = simulator.get().scan().get(2);
    try (HatDevice device = simulator.get().open(third)) {
      assertThat(device.info().architecture()).isEqualTo("HAILO10H");
      assertThat(device.info().serial()).isNotBlank();
      assertFails(() -> simulator.get().open(third), FATAL, "DEVICE_IN_USE", third);
    }
    assertFails(() -> simulator.get().open("ffff:ff:1f.7"), FATAL, "INVALID_ARGUMENT", "doctor");
    SimulatorLibrary.configure("devices=0");
    assertThat(simulator.get().scan()).isEmpty();
    SimulatorLibrary.configure("driver_missing=1");
    assertFails(() -> simulator.get().scan(), FATAL, "DRIVER_NOT_INSTALLED", "doctor");
  }

  @Test
  void readsTheTelemetryThatThereIs() {
    try (HatDevice device = simulator.get().open("")) {
      SimulatorLibrary.configure("temperature=61,throttled=1");
      HatTelemetry hot = device.telemetry();
      assertThat(hot.temperatureCelsius()).hasValue(61);
      assertThat(hot.powerWatts()).isPresent();
      assertThat(hot.utilisation()).isPresent();
      assertThat(hot.throttled()).hasValue(true);
      SimulatorLibrary.configure("no_power_sensor=1,no_temperature_sensor=1,no_telemetry=1");
      OptionalDouble none = OptionalDouble.empty();
      assertThat(device.telemetry())
          .isEqualTo(new HatTelemetry(none, none, none, Optional.empty()));
    }
  }

  @Test
  void asksAgainForTelemetryThatWasLost() {
    try (HatDevice device = simulator.get().open("")) {
      SimulatorLibrary.configure("spurious_timeout_every=2,reply_timeout_ms=1");
      for (int i = 0; i < 6; i++) {
        assertThat(device.telemetry().temperatureCelsius()).isPresent();
      }
      SimulatorLibrary.configure("spurious_timeout_every=1,reply_timeout_ms=1");
      assertFails(device::telemetry, RETRY, "TIMEOUT", "try again");
    }
  }

  @Test
  void lostRepliesDoNotTouchTransfers() {
    SimulatorLibrary.configure("spurious_timeout_every=1");
    try (HatDevice device = simulator.get().open("");
        HatModel model = relu(device);
        HatSession session = model.open()) {
      for (int seed = 0; seed < 5; seed++) {
        run(session, seed);
      }
    }
  }

  @Test
  void refusesFilesThatAreNoModels() throws IOException {
    byte[] whole = SimulatedModel.relu(7, 12);
    Path empty = Files.write(folder.resolve("empty"), new byte[0]);
    Path junk = Files.writeString(folder.resolve("junk"), "# no model");
    Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(whole, whole.length - 1));
    Path right = Files.write(folder.resolve("right"), whole);
    try (HatDevice device = simulator.get().open("")) {
      Path missing = folder.resolve("missing");
      assertFails(() -> device.load(missing), FATAL, "OPEN_FILE_FAILURE", missing.toString());
      assertFails(() -> device.load(empty), FATAL, "FILE_OPERATION_FAILURE", "empty");
      assertFails(() -> device.load(junk), FATAL, "HEF_NOT_SUPPORTED", "no compiled model");
      assertFails(() -> device.load(cut), FATAL, "HEF_FILE_CORRUPTED", "cut short");
      SimulatorLibrary.configure("hef_release=5003");
      assertFails(() -> device.load(right), FATAL, "INVALID_HEF", "compile the model");
      SimulatorLibrary.configure("no_memory=1");
      assertFails(() -> device.load(right), FATAL, "OUT_OF_HOST_MEMORY", "memory");
      SimulatorLibrary.configure("");
      assertFails(
          () -> device.load(MemorySegment.ofArray(new byte[0])),
          FATAL,
          "FILE_OPERATION_FAILURE",
          "0 bytes");
      try (Arena arena = Arena.ofConfined();
          HatModel model = device.load(arena.allocateFrom(ValueLayout.JAVA_BYTE, whole))) {
        assertThat(model.edges()).hasSize(2);
      }
      device.load(right).close();
    }
  }

  @Test
  void noCutOrFlippedModelIsTaken() {
    byte[] whole = SimulatedModel.relu(7, 12);
    try (HatDevice device = simulator.get().open("")) {
      for (int bytes = 0; bytes < whole.length; bytes++) {
        MemorySegment cut = MemorySegment.ofArray(Arrays.copyOf(whole, bytes));
        assertThatThrownBy(() -> device.load(cut))
            .as("cut at %d", bytes)
            .isInstanceOf(HatException.class);
      }
      for (int bit = 0; bit < 8 * 96; bit++) {
        byte[] flipped = whole.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        assertThatThrownBy(() -> device.load(MemorySegment.ofArray(flipped)))
            .as("flipped bit %d", bit)
            .isInstanceOf(HatException.class);
      }
    }
  }

  @Test
  void choosesTypesThatEdgesHold() {
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.reluOfBytes(4, 8)))) {
      assertFails(() -> model.format("x", HatType.UINT16), FATAL, "INVALID_ARGUMENT", "can hold");
      assertFails(() -> model.format("none", HatType.UINT8), FATAL, "NOT_FOUND", "none");
      model.format("x", HatType.FLOAT32);
      model.format("y", HatType.FLOAT32);
      assertThat(model.edges()).extracting(HatEdge::frameBytes).containsExactly(128L, 128L);
      for (int frames : new int[] {0, -1, 17}) {
        assertFails(() -> model.batch(frames), FATAL, "INVALID_ARGUMENT", "1 to 16");
      }
      try (HatSession session = model.open();
          HatFrame frame = session.frame()) {
        assertFails(() -> model.batch(2), FATAL, "INVALID_OPERATION", "before a session");
        assertFails(() -> model.format("x", HatType.UINT8), FATAL, "INVALID_OPERATION", "before");
        frame.buffer("x").setAtIndex(ValueLayout.JAVA_FLOAT, 3, 4.5f);
        frame.buffer("x").setAtIndex(ValueLayout.JAVA_FLOAT, 4, -4.5f);
        session.run(frame, LONG);
        assertThat(frame.buffer("y").getAtIndex(ValueLayout.JAVA_FLOAT, 3)).isEqualTo(4.5f);
        assertThat(frame.buffer("y").getAtIndex(ValueLayout.JAVA_FLOAT, 4)).isZero();
      }
    }
  }

  @Test
  void refusesATransferThatIsTooLargeBeforeItAllocates() {
    byte[] wide = SimulatedModel.relu(2048, 4096);
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(wide))) {
      model.batch(16);
      assertThatThrownBy(model::open)
          .isInstanceOf(HatException.class)
          .hasMessageContaining("16 frames of 16777216 bytes")
          .hasMessageContaining("choose fewer");
    }
  }

  @Test
  void saysThatEdgesAreQuantisedPerFeature() {
    SimulatorLibrary.configure("per_feature=1");
    try (HatDevice device = simulator.get().open("");
        HatModel model = relu(device)) {
      assertThat(model.edges()).allMatch(edge -> edge.quantisation().perFeature());
    }
  }

  @Test
  void aLostConnectionLeavesEverythingToBeClosedAndOpenedAnew() {
    SimulatorLibrary.configure("lost_at_call=3");
    try (HatDevice device = simulator.get().open("");
        HatModel model = relu(device);
        HatSession session = model.open()) {
      run(session, 1);
      run(session, 2);
      assertFails(() -> run(session, 3), REOPEN_SESSION, "COMMUNICATION_CLOSED", "anew");
      assertThatThrownBy(() -> run(session, 4))
          .isInstanceOfSatisfying(
              HatException.class, e -> assertThat(e.category()).isEqualTo(REOPEN_SESSION));
      assertFails(device::telemetry, REOPEN_SESSION, "COMMUNICATION_CLOSED", "anew");
      assertFails(device::info, REOPEN_SESSION, "COMMUNICATION_CLOSED", "anew");
      assertFails(() -> relu(device), REOPEN_SESSION, "COMMUNICATION_CLOSED", "anew");
    }
    try (HatDevice device = simulator.get().open("");
        HatModel model = relu(device);
        HatSession session = model.open()) {
      run(session, 4);
    }
  }

  @Test
  void aLaunchThatFailsAsksForANewSession() {
    SimulatorLibrary.configure("launch_fails_at=2");
    try (HatDevice device = simulator.get().open("");
        HatModel model = relu(device)) {
      try (HatSession session = model.open()) {
        run(session, 1);
        HatFrame frame = session.frame();
        MemorySegment input = frame.buffer("x");
        assertFails(() -> session.run(frame, LONG), REOPEN_SESSION, "INTERNAL_FAILURE", "anew");
        assertThatThrownBy(() -> frame.buffer("x")).isInstanceOf(IllegalStateException.class);
        try (HatFrame other = session.frame()) {
          assertThat(other.buffer("x").address()).isNotEqualTo(input.address());
        }
        assertFails(() -> run(session, 3), REOPEN_SESSION, "INVALID_OPERATION", "anew");
      }
      try (HatSession session = model.open()) {
        run(session, 4);
      }
    }
  }

  @Test
  void aTransferThatFailsLeavesTheSession() {
    SimulatorLibrary.configure("fails_at=2");
    try (HatDevice device = simulator.get().open("");
        HatModel model = relu(device);
        HatSession session = model.open()) {
      run(session, 1);
      assertFails(() -> run(session, 2), FATAL, "INTERNAL_FAILURE", "doctor");
      run(session, 3);
    }
  }

  @Test
  void heatAndSlowCallbacksChangeNoResult() {
    SimulatorLibrary.configure("throttled=1,latency_us=500,slow_callback_us=500,pcie_mb_s=1");
    try (HatDevice device = simulator.get().open("");
        HatModel model = relu(device);
        HatSession session = model.open()) {
      for (int seed = 0; seed < 5; seed++) {
        run(session, seed);
      }
    }
  }
}
