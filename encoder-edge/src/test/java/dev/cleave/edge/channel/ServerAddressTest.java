package dev.cleave.edge.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.error.CleaveException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerAddressTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"127.0.0.1:7431", "localhost:7431", "LOCALHOST:1", "[::1]:65535", "127.9.9.9:5"})
  void knowsAddressesOfThisMachine(String text) {
    ServerAddress address = ServerAddress.parse(text);
    assertThat(address.isLoopback()).isTrue();
    assertThat(address).hasToString(text);
    assertThat(text).endsWith(":" + address.port());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.1:7431",
        "192.168.1.20:7431",
        "0.0.0.0:7431",
        "[::]:7431",
        "[2001:db8::1]:7431",
        "decoder.example:7431",
        "localhost.example:7431",
        "127.0.0.1.example:7431",
        "unix:7431"
      })
  void takesOthersForOtherMachines(String text) {
    ServerAddress address = ServerAddress.parse(text);
    assertThat(address.isLoopback()).isFalse();
    assertThat(address).hasToString(text);
  }

  @Test
  void looksNoNameUp() {
    assertThat(ServerAddress.parse("decoder.example:1").address()).isEmpty();
    assertThat(ServerAddress.parse("localhost:1").address())
        .hasValueSatisfying(it -> assertThat(it.getHostAddress()).isEqualTo("127.0.0.1"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "127.0.0.1",
        ":7431",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:x",
        "::1:7431",
        "[::1]",
        "[127.0.0.1]:7431",
        "[decoder]:7431",
        "a b:7431",
        "user@decoder:7431",
        "decoder/path:7431"
      })
  void refusesWhatIsNoAddress(String text) {
    assertThatThrownBy(() -> ServerAddress.parse(text))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("'" + text + "' is not host:port");
  }
}
