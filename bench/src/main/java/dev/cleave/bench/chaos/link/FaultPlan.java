package dev.cleave.bench.chaos.link;

/**
 * What a proxy does to its connections. Immutable.
 *
 * @param up from client to server
 * @param down from server to client
 * @param connections how many of the first connections have the faults that end or stop one;
 *     delays, rates and splitting are on all
 */
public record FaultPlan(Fault up, Fault down, int connections) {
  /** Nothing at all. */
  public static final FaultPlan NONE = new FaultPlan(Fault.NONE, Fault.NONE, 0);

  /** On every connection that is ever made. */
  public static final int ALL = Integer.MAX_VALUE;

  Fault up(int connection) {
    return connection < connections ? up : up.with(new Fault.At.Nothing());
  }

  Fault down(int connection) {
    return connection < connections ? down : down.with(new Fault.At.Nothing());
  }

  @Override
  public String toString() {
    return "up: %s; down: %s; %s"
        .formatted(
            up, down, connections == ALL ? "always" : "the first " + connections + " connections");
  }
}
