package dev.cleave.edge.channel;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/** Where the decoder servers are. Immutable; nothing is looked up before a channel is used. */
public sealed interface Servers {

  /** The most servers of a list: a longer one is what DNS and xDS are for. */
  int MAX_LISTED = 256;

  /**
   * Servers by address, each with a channel of its own, made when it is first needed.
   *
   * @param addresses 1 to 256 different ones
   */
  record Listed(List<ServerAddress> addresses) implements Servers {
    public Listed {
      addresses = List.copyOf(addresses);
      if (addresses.isEmpty() || addresses.size() > MAX_LISTED) {
        throw CleaveException.fatal(
            Code.INPUT,
            "%d servers were listed".formatted(addresses.size()),
            "list from 1 to %d, or use a DNS name".formatted(MAX_LISTED));
      }
      if (new HashSet<>(addresses).size() < addresses.size()) {
        throw CleaveException.fatal(
            Code.INPUT, "a server is listed twice: " + addresses, "list each once");
      }
    }

    @Override
    public boolean onThisMachine() {
      return addresses.stream().allMatch(ServerAddress::isLoopback);
    }

    @Override
    public String toString() {
      return String.join(",", addresses.stream().map(ServerAddress::toString).toList());
    }
  }

  /**
   * All addresses that a name has, over one channel that goes round them.
   *
   * @param address the name and the port
   */
  record Dns(ServerAddress address) implements Servers {
    @Override
    public boolean onThisMachine() {
      return false;
    }

    @Override
    public String toString() {
      return "dns:///" + address;
    }
  }

  /**
   * Servers that a control plane names, over one channel that gRPC balances as the control plane
   * says. Which one that is, gRPC reads from its bootstrap file ({@code GRPC_XDS_BOOTSTRAP}).
   *
   * @param name of the servers, as the control plane knows them
   */
  record Xds(String name) implements Servers {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._:/-]{1,253}");

    public Xds {
      if (!NAME.matcher(name).matches()) {
        throw CleaveException.fatal(
            Code.INPUT,
            "'%s' is no name of servers".formatted(name),
            "give one that the control plane knows, such as xds:///decoders.example");
      }
    }

    @Override
    public boolean onThisMachine() {
      return false;
    }

    @Override
    public String toString() {
      return "xds:///" + name;
    }
  }

  /**
   * Whether plaintext to them stays on this machine for certain. What a name means is somebody
   * else's answer.
   */
  boolean onThisMachine();

  /**
   * Reads {@code host:port}, several of them with commas between, {@code dns:///name:port}, or
   * {@code xds:///name}. A host name that stands alone means all of its addresses.
   */
  static Servers parse(String text) {
    if (text.startsWith("xds:///")) {
      return new Xds(text.substring("xds:///".length()));
    }
    if (text.startsWith("dns:///")) {
      return new Dns(ServerAddress.parse(text.substring("dns:///".length())));
    }
    List<ServerAddress> addresses = new ArrayList<>();
    for (String one : text.split(",", MAX_LISTED + 1)) {
      addresses.add(ServerAddress.parse(one));
    }
    boolean name = addresses.size() == 1 && addresses.getFirst().address().isEmpty();
    return name ? new Dns(addresses.getFirst()) : new Listed(addresses);
  }
}
