package dev.cleave.server.entrance;

/**
 * How many Opens may wait for a slot at once. One that waits costs little, but who is far behind
 * would only wait to be refused. Immutable.
 *
 * @param inAll of all tenants
 * @param ofOne of one tenant, so that one that floods leaves places to the others; its own limit
 *     may be lower
 */
public record QueueLimits(int inAll, int ofOne) {
  /** Each holds a stream of a connection and some KiB. */
  private static final int MOST = 1 << 16;

  private static final int DEFAULT = 256;

  public QueueLimits {
    if (inAll < 1 || inAll > MOST) {
      throw new IllegalArgumentException(
          "the queue must have from 1 to %d places, got %d; to refuse at once, wait for 0 s"
              .formatted(MOST, inAll));
    }
    if (ofOne < 1 || ofOne > inAll) {
      throw new IllegalArgumentException(
          "a tenant must have from 1 to all %d places of the queue, got %d"
              .formatted(inAll, ofOne));
    }
  }

  /** 256, a quarter of them for one tenant. */
  public static QueueLimits defaults() {
    return of(DEFAULT);
  }

  /** So many, a quarter of them for one tenant. */
  public static QueueLimits of(int inAll) {
    return new QueueLimits(inAll, Math.max(1, inAll / 4));
  }
}
