package dev.cleave.edge.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.CodecMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CodecChoiceTest {
  @ParameterizedTest
  @EnumSource(CodecMode.class)
  void everyModeIsReachedByAName(CodecMode mode) {
    String name = CodecNames.nameOf(mode);
    if (mode.hasTarget()) {
      assertThat(CodecChoice.parse(name + ":2.5"))
          .isEqualTo(new CodecChoice.Rate(2.5, name.endsWith("trellis")));
      assertThatThrownBy(() -> CodecChoice.of(mode)).hasMessageContaining("rate:BITS");
    } else {
      assertThat(CodecChoice.parse(name)).isEqualTo(CodecChoice.of(mode));
      assertThat(CodecChoice.names()).contains(name);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "default",
        "raw",
        "int8",
        "transparent",
        "balanced",
        "small",
        "rate:2",
        "rate:0.25",
        "rate:32",
        "rate-trellis:2.125"
      })
  void readsWhatItWrites(String text) {
    assertThat(CodecChoice.parse(text).text()).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "INT8",
        "int3",
        "rate",
        "rate:",
        "rate:x",
        "rate:-1",
        "rate:1e3",
        "rate:1.",
        "rate:NaN",
        "rates:2",
        "best",
        " raw"
      })
  void namesWhatThereIsWhereTheTextIsNone(String text) {
    assertThatThrownBy(() -> CodecChoice.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'")
        .hasMessageContaining("balanced")
        .hasMessageContaining("rate:BITS");
  }

  @Test
  void refusesRatesThatAreNone() {
    for (String text : new String[] {"rate:0", "rate:33", "rate:0.0"}) {
      assertThatThrownBy(() -> CodecChoice.parse(text))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("above 0 and at most 32");
    }
  }
}
