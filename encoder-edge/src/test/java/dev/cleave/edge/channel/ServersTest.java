package dev.cleave.edge.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.error.CleaveException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServersTest {
  @Test
  void readsAList() {
    Servers servers = Servers.parse("127.0.0.1:1,[::1]:2,decoder.example:3");
    assertThat(servers)
        .isEqualTo(
            new Servers.Listed(
                List.of(
                    new ServerAddress("127.0.0.1", 1),
                    new ServerAddress("::1", 2),
                    new ServerAddress("decoder.example", 3))))
        .hasToString("127.0.0.1:1,[::1]:2,decoder.example:3");
    assertThat(servers.onThisMachine()).isFalse();
    assertThat(Servers.parse("127.0.0.1:1,localhost:2").onThisMachine()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"dns:///decoders.example:7431", "decoders.example:7431"})
  void aNameAloneMeansAllOfItsAddresses(String text) {
    assertThat(Servers.parse(text))
        .isEqualTo(new Servers.Dns(new ServerAddress("decoders.example", 7431)))
        .hasToString("dns:///decoders.example:7431");
  }

  @Test
  void aNameIsNeverThisMachine() {
    assertThat(Servers.parse("dns:///localhost:7431").onThisMachine()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        "127.0.0.1:1,",
        "127.0.0.1:1,,127.0.0.1:2",
        "dns:///",
        "dns://8.8.8.8/a:1"
      })
  void refusesWhatIsNoList(String text) {
    assertThatThrownBy(() -> Servers.parse(text))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("is not host:port");
  }

  @Test
  void readsANameOfTheControlPlane() {
    assertThat(Servers.parse("xds:///decoders.example"))
        .isEqualTo(new Servers.Xds("decoders.example"))
        .hasToString("xds:///decoders.example");
    assertThat(Servers.parse("xds:///localhost").onThisMachine()).isFalse();
    assertThatThrownBy(() -> Servers.parse("xds:///"))
        .hasMessageContaining("is no name of servers");
  }

  @Test
  void refusesAServerTwiceAndTooMany() {
    assertThatThrownBy(() -> Servers.parse("127.0.0.1:1,127.0.0.1:1"))
        .hasMessageContaining("listed twice");
    String many =
        IntStream.rangeClosed(1, Servers.MAX_LISTED + 1)
            .mapToObj(port -> "127.0.0.1:" + port)
            .collect(Collectors.joining(","));
    // Not read to its end: what is behind the last one allowed makes no address.
    assertThatThrownBy(() -> Servers.parse(many + ",127.0.0.1:9999"))
        .isInstanceOf(CleaveException.class);
    assertThatThrownBy(() -> Servers.parse(many)).hasMessageContaining("257 servers");
  }
}
