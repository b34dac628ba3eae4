package dev.cleave.server.tenant;

/**
 * What one tenant may take. Immutable.
 *
 * @param weight of its share against the other tenants', when not all can be served
 */
public record TenantLimits(int weight, Held held, Rates rates, Sizes sizes) {
  /** So that a weight times the rows of a step stays far from any overflow. */
  static final int MAX_WEIGHT = 1000;

  /** Nothing but the server's own limits. */
  public static final TenantLimits NONE =
      new TenantLimits(
          1,
          new Held(Integer.MAX_VALUE, Long.MAX_VALUE, Integer.MAX_VALUE),
          new Rates(0, 0, 0),
          new Sizes(Integer.MAX_VALUE, Integer.MAX_VALUE));

  /**
   * What it holds at once.
   *
   * @param sessions that are open or wait
   * @param kvPositions reserved by them; of causal models
   * @param waiting of these sessions, those that wait
   */
  public record Held(int sessions, long kvPositions, int waiting) {
    public Held {
      requirePositive("sessions", sessions);
      requirePositive("kv_positions", kvPositions);
      requirePositive("waiting", waiting);
    }
  }

  /**
   * What it sends in a second; 0 is without limit.
   *
   * @param requests Opens and Describes
   * @param burst how many of those may come at once; 0 where requests is
   * @param bytes of frames
   */
  public record Rates(double requests, int burst, long bytes) {
    /** Beyond one a nanosecond nothing can be counted. */
    private static final long MOST_A_SECOND = 1_000_000_000L;

    public Rates {
      if (!(requests >= 0 && requests <= MOST_A_SECOND)) {
        throw outOfRange("requests_per_second", 0, MOST_A_SECOND, Double.toString(requests));
      }
      if (requests > 0 ? burst < 1 : burst != 0) {
        throw new IllegalArgumentException(
            "burst must be positive where requests_per_second is, else 0, got " + burst);
      }
      if (bytes < 0 || bytes > MOST_A_SECOND) {
        throw outOfRange("bytes_per_second", 0, MOST_A_SECOND, Long.toString(bytes));
      }
    }
  }

  /**
   * What one session may ask for.
   *
   * @param promptPositions of a prompt, causal: of all turns
   * @param newTokens of an answer; of encoder-decoder models
   */
  public record Sizes(int promptPositions, int newTokens) {
    public Sizes {
      requirePositive("prompt_positions", promptPositions);
      requirePositive("new_tokens", newTokens);
    }
  }

  public TenantLimits {
    if (weight < 1 || weight > MAX_WEIGHT) {
      throw outOfRange("weight", 1, MAX_WEIGHT, Integer.toString(weight));
    }
  }

  /** This with another weight. */
  public TenantLimits withWeight(int newWeight) {
    return new TenantLimits(newWeight, held, rates, sizes);
  }

  /** This with other limits of what is held at once. */
  public TenantLimits withHeld(Held newHeld) {
    return new TenantLimits(weight, newHeld, rates, sizes);
  }

  /** This with other rates. */
  public TenantLimits withRates(Rates newRates) {
    return new TenantLimits(weight, held, newRates, sizes);
  }

  /** This with other sizes. */
  public TenantLimits withSizes(Sizes newSizes) {
    return new TenantLimits(weight, held, rates, newSizes);
  }

  private static void requirePositive(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be positive, got " + value);
    }
  }

  private static IllegalArgumentException outOfRange(
      String name, long from, long to, String value) {
    return new IllegalArgumentException(
        "%s must be in [%d, %d], got %s".formatted(name, from, to, value));
  }
}
