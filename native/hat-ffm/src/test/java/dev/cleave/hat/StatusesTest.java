package dev.cleave.hat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.hat.HatException.Category;
import dev.cleave.hat.ffi.cleave_hat_constants;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each status asks of the caller. */
class StatusesTest {
  private static final List<String> CONSTANTS =
      Arrays.stream(cleave_hat_constants.class.getDeclaredFields())
          .map(Field::getName)
          .map(name -> name.substring("CLEAVE_HAT_".length()))
          .toList();

  @ParameterizedTest
  @CsvSource({
    "TIMEOUT, RETRY", "QUEUE_IS_FULL, RETRY", "COMMUNICATION_CLOSED, REOPEN_SESSION",
    "OPERATION_ABORTED, REOPEN_SESSION", "OUT_OF_HOST_MEMORY, FATAL", "OPEN_FILE_FAILURE, FATAL",
    "FILE_OPERATION_FAILURE, FATAL", "HEF_FILE_CORRUPTED, FATAL", "HEF_NOT_SUPPORTED, FATAL",
    "INVALID_HEF, FATAL", "DRIVER_NOT_INSTALLED, FATAL", "DEVICE_IN_USE, FATAL",
    "OUT_OF_PHYSICAL_DEVICES, FATAL", "INVALID_DRIVER_VERSION, FATAL", "NOT_IMPLEMENTED, FATAL"
  })
  void statusesHaveAdviceOfTheirOwn(String status, Category category) {
    assertThat(CONSTANTS).contains(status);
    Statuses.Advice advice = Statuses.Advice.of(status);
    assertThat(advice.category()).isEqualTo(category);
    assertThat(advice.next()).isNotEqualTo(Statuses.Advice.of("UNKNOWN").next());
  }

  @Test
  void whatIsNotKnownIsFatal() {
    assertThat(Statuses.Advice.of("UNKNOWN").category()).isEqualTo(Category.FATAL);
    assertThat(Statuses.Advice.of("UNKNOWN").next()).contains("doctor");
  }
}
