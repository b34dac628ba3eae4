package dev.cleave.lab.calibrate;

/**
 * What the named presets promise: the most that they move the next token's distribution.
 *
 * @param name in the bundle and on the command line
 * @param kl mean divergence in nats on held-out text
 * @param guessBits per element where a search begins
 * @param keepsFields whether the share of right fields must stay as well
 */
record PresetGoal(String name, double kl, double guessBits, boolean keepsFields) {
  static final PresetGoal TRANSPARENT = new PresetGoal("transparent", 0.0005, 4, false);

  /** The default of a session, and what decides about the basis. */
  static final PresetGoal BALANCED = new PresetGoal("balanced", 0.01, 2, true);

  /** What int4 in blocks of 64 costs: where that is less on this bundle, it promises as much. */
  static final PresetGoal SMALL = new PresetGoal("small", 0.06, 1, false);

  /** Promises as much as int4 in blocks of 64 keeps, though never more than balanced does. */
  PresetGoal noWorseThan(double int4) {
    double most = Math.min(kl, Math.max(int4, BALANCED.kl));
    return new PresetGoal(name, most, guessBits, keepsFields);
  }

  /** Bytes per position where a search begins. */
  int guess(int width) {
    return Math.max(1, (int) (guessBits * width / 8));
  }
}
