package dev.cleave.edge.doctor;

import static dev.cleave.edge.doctor.BoardProbeTest.finding;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.hat.HatDevice;
import dev.cleave.hat.HatDeviceInfo;
import dev.cleave.hat.HatException;
import dev.cleave.hat.HatLibrary;
import dev.cleave.hat.HatModel;
import dev.cleave.hat.HatTelemetry;
import dev.cleave.hat.OpenHandles;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class DeviceProbeTest {
  private static final HatTelemetry COOL =
      new HatTelemetry(
          OptionalDouble.of(48.25),
          OptionalDouble.of(1.5),
          OptionalDouble.of(0.1),
          Optional.of(false));

  @Test
  void describesADeviceThatIsWell() throws IOException {
    List<Finding> findings = look(new Library(List.of(FakePi.BOARD), 0, COOL), "5.2.0");
    assertThat(findings).extracting(Finding::level).containsOnly(Level.OK);
    assertThat(finding(findings, "device").text())
        .isEqualTo("HAILO10H at 0001:01:00.0, firmware 5.2.0 (release)");
    assertThat(finding(findings, "board-temperature").text()).isEqualTo("48.3 C");
    assertThat(finding(findings, "board-power").text()).isEqualTo("1.50 W");
  }

  @Test
  void warnsOfThrottling() throws IOException {
    HatTelemetry hot =
        new HatTelemetry(
            OptionalDouble.of(103),
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            Optional.of(true));
    List<Finding> findings = look(new Library(List.of(FakePi.BOARD), 0, hot), "5.2.0");
    assertThat(finding(findings, "board-throttling").level()).isEqualTo(Level.WARNING);
    assertThat(finding(findings, "board-throttling").fix()).contains("heat sink");
    assertThat(finding(findings, "board-power").level()).isEqualTo(Level.NOT_THERE);
  }

  @Test
  void doesNotPraiseWhatTheDeviceDoesNotTell() throws IOException {
    HatTelemetry mute =
        new HatTelemetry(
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            Optional.empty());
    List<Finding> findings = look(new Library(List.of(FakePi.BOARD), 0, mute), "5.2.0");
    for (String key : List.of("board-temperature", "board-power", "board-throttling")) {
      assertThat(finding(findings, key).level()).as(key).isEqualTo(Level.NOT_THERE);
    }
  }

  @Test
  void warnsOfFirmwareFromBeforeAnUpgradeOfTheDriver() throws IOException {
    Finding device = finding(look(new Library(List.of(FakePi.BOARD), 0, COOL), "5.3.0"), "device");
    assertThat(device.level()).isEqualTo(Level.WARNING);
    assertThat(device.text()).contains("firmware 5.2.0", "driver is 5.3.0");
    assertThat(device.fix()).contains("poweroff");
  }

  @Test
  void tellsABusyDeviceFromABrokenOne() throws IOException {
    Finding busy = finding(look(new Library(List.of(FakePi.BOARD), 73, COOL), ""), "device");
    assertThat(busy.level()).isEqualTo(Level.WARNING);
    assertThat(busy.fix()).contains("fuser");
    Finding driver = finding(look(new Library(List.of(FakePi.BOARD), 76, COOL), ""), "device");
    assertThat(driver.level()).isEqualTo(Level.PROBLEM);
    assertThat(driver.fix()).contains("reinstall hailo-h10-all");
    Finding lost = finding(look(new Library(List.of(FakePi.BOARD), 62, COOL), ""), "device");
    assertThat(lost.level()).isEqualTo(Level.PROBLEM);
    assertThat(lost.text()).contains("SOME_STATUS (62)");
  }

  @Test
  void findsNoDeviceAProblemOnlyWhereThereIsABoard() throws IOException {
    DeviceReport none = sent(DeviceReport.of(new Library(List.of(), 0, COOL)));
    assertThat(DeviceProbe.findings(none, true, "").getFirst().level()).isEqualTo(Level.PROBLEM);
    assertThat(DeviceProbe.findings(none, false, "").getFirst().level()).isEqualTo(Level.NOT_THERE);
  }

  private static List<Finding> look(Library library, String driver) throws IOException {
    DeviceReport report = sent(DeviceReport.of(library));
    assertThat(library.opened).isZero();
    return DeviceProbe.findings(report, true, driver);
  }

  /** As it crosses from one process to another. */
  private static DeviceReport sent(DeviceReport report) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    DeviceReport received = mapper.readValue(mapper.writeValueAsBytes(report), DeviceReport.class);
    assertThat(received).isEqualTo(report);
    return received;
  }

  /** A library whose devices open or fail as they are told to. */
  private static final class Library implements HatLibrary {
    private final List<String> devices;
    private final int status;
    private final HatTelemetry telemetry;
    private int opened;

    Library(List<String> devices, int status, HatTelemetry telemetry) {
      this.devices = devices;
      this.status = status;
      this.telemetry = telemetry;
    }

    @Override
    public String version() {
      return "5.2.0";
    }

    @Override
    public List<String> scan() {
      return devices;
    }

    @Override
    public HatDevice open(String name) {
      assertThat(devices).contains(name);
      if (status != 0) {
        throw new HatException(
            HatException.Category.FATAL, "opening " + name, status, "SOME_STATUS", "do it again");
      }
      opened++;
      return new Device();
    }

    @Override
    public OpenHandles openHandles() {
      return new OpenHandles(opened, 0, 0, 0);
    }

    @Override
    public void close() {}

    private final class Device implements HatDevice {
      @Override
      public HatDeviceInfo info() {
        return new HatDeviceInfo("HAILO10H", "5.2.0 (release)", "");
      }

      @Override
      public HatTelemetry telemetry() {
        return telemetry;
      }

      @Override
      public HatModel load(Path file) {
        throw new AssertionError("the doctor loads no model");
      }

      @Override
      public HatModel load(MemorySegment bytes) {
        throw new AssertionError("the doctor loads no model");
      }

      @Override
      public void close() {
        opened--;
      }
    }
  }
}
