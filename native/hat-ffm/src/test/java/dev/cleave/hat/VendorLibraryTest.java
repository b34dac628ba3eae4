package dev.cleave.hat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The safe API on the vendor's runtime; with a board where there is one. */
class VendorLibraryTest {
  private HatLibrary library;

  @SuppressWarnings("NullAway.Init") // before each test
  VendorLibraryTest() {}

  @BeforeEach
  void open() {
    library = HatLibrary.open(VendorLibrary.file());
  }

  @AfterEach
  void close() {
    if (library != null) {
      assertThat(library.openHandles()).isEqualTo(OpenHandles.NONE);
      library.close();
    }
  }

  @Test
  void isNoSimulator() {
    assertThat(library.version()).matches("\\d+\\.\\d+\\.\\d+");
    assertThat(library.simulated()).isFalse();
  }

  @Test
  void saysWhatToDoWithoutABoard() {
    List<String> devices = library.scan();
    assumeThat(devices).as("a machine without a board").isEmpty();
    assertThatThrownBy(() -> library.open(""))
        .isInstanceOfSatisfying(
            HatException.class,
            e -> {
              assertThat(e.category()).isEqualTo(HatException.Category.FATAL);
              assertThat(e.statusName()).isIn("OUT_OF_PHYSICAL_DEVICES", "DRIVER_NOT_INSTALLED");
            })
        .hasMessageContaining("doctor");
  }

  @Test
  void runsAFrameOnTheBoard() {
    List<String> devices = library.scan();
    assumeThat(devices).as("devices of this machine").isNotEmpty();
    try (HatDevice device = library.open(devices.getFirst());
        HatModel model = device.load(VendorLibrary.model());
        HatSession session = model.open();
        HatFrame frame = session.frame()) {
      assertThat(device.info().architecture()).startsWith("HAILO10H");
      session.run(frame, SimulatorTransfersTest.LONG);
    }
  }
}
