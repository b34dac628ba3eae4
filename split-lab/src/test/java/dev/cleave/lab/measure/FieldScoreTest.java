package dev.cleave.lab.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class FieldScoreTest {
  @Test
  void countsMissingWrongAndUnwantedFields() {
    FieldScore score = new FieldScore();
    score.add(
        Map.of("reason", "pain", "since", "3 days", "tests", "ECG ordered"),
        FieldScore.fields("reason: pain\nsince: 4 days\nallergy: none\nno field here"));
    // of reason, since, tests and allergy one is right
    assertThat(score.count()).isEqualTo(4);
    assertThat(score.share()).isEqualTo(0.25);
  }

  @Test
  void isWholeWhereNothingWasAsked() {
    assertThat(new FieldScore().share()).isEqualTo(1);
  }
}
