package dev.cleave.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.CodecMode;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.v1.Open;
import dev.cleave.v1.Opened;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WireCodecTest {
  @Test
  void survivesOpenAndOpenedInEveryField() {
    Set<WireCodec> all = new HashSet<>();
    for (int field = 0; field < 5; field++) {
      WireCodec codec =
          new WireCodec(
              field == 0 ? 99 : 16,
              field == 1 ? -1 : 3,
              field == 2 ? Integer.MIN_VALUE : 240,
              new ProfileHash(field == 3 ? Long.MIN_VALUE : 5, field == 4 ? -1 : 6));
      Open open = codec.putInto(Open.newBuilder()).build();
      Opened opened = codec.putInto(Opened.newBuilder()).build();
      assertThat(WireCodec.of(open)).isEqualTo(codec);
      assertThat(WireCodec.of(opened)).isEqualTo(codec);
      all.add(codec);
    }
    assertThat(all).as("no field is left out of the comparison").hasSize(5);
  }

  @ParameterizedTest
  @EnumSource(CodecMode.class)
  void theProtocolNamesEveryModeByTheNumberInTheFrames(CodecMode mode) {
    dev.cleave.v1.CodecMode named = dev.cleave.v1.CodecMode.forNumber(mode.wireNumber());
    assertThat(named).isNotNull();
    assertThat(named.name()).isEqualTo(mode.name());
  }

  @Test
  void aStreamWithoutTargetAndProfileIsAllZeros() {
    WireCodec codec = WireCodec.of(new StreamSpec(CodecMode.INT8, 64));
    assertThat(codec).isEqualTo(new WireCodec(16, 0, 0, ProfileHash.NONE));
    assertThat(codec).hasToString("codec 16 target 0/0 profile none");
  }
}
