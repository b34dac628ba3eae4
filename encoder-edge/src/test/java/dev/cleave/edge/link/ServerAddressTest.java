package dev.cleave.edge.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.error.CleaveException;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerAddressTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"127.0.0.1:7431", "localhost:7431", "LOCALHOST:1", "[::1]:65535", "127.9.9.9:5"})
  void takesAddressesOfThisMachine(String text) {
    ServerAddress address = ServerAddress.parse(text);
    assertThat(address.socket().getAddress().isLoopbackAddress()).isTrue();
    assertThat(text).endsWith(":" + address.socket().getPort());
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
  void refusesOthersAndSaysThatThereIsNoTls(String text) {
    assertThatThrownBy(() -> ServerAddress.parse(text))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining(text)
        .hasMessageContaining("no TLS yet");
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
        "127.0.0.1:x"
      })
  void refusesWhatIsNoAddress(String text) {
    assertThatThrownBy(() -> ServerAddress.parse(text))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("not host:port");
  }

  @Test
  void cannotBeMadeForAnotherMachine() {
    InetSocketAddress elsewhere = new InetSocketAddress("192.0.2.1", 7431);
    assertThatThrownBy(() -> new ServerAddress("192.0.2.1:7431", elsewhere))
        .isInstanceOf(CleaveException.class);
  }
}
