package dev.cleave.split.hailo.sim;

/** Activation functions by their numbers in a model file (SIMULATED-MODEL.md). Stateless. */
final class Activations {
  private static final double TANH_FACTOR = Math.sqrt(2 / Math.PI);

  private Activations() {}

  static double value(int kind, double x) {
    return switch (kind) {
      case 1 -> Math.max(x, 0);
      case 2 -> x / 2 * (1 + erf(x / Math.sqrt(2)));
      case 3 -> x / 2 * (1 + Math.tanh(TANH_FACTOR * (x + 0.044715 * x * x * x)));
      case 4 -> x / (1 + Math.exp(-x));
      default -> throw new IllegalArgumentException("kind must be 1 to 4: " + kind);
    };
  }

  /** By its series where that converges quickly, else by the continued fraction; 1e-15 or so. */
  private static double erf(double x) {
    double size = Math.abs(x);
    if (size > 6) {
      return Math.signum(x);
    }
    if (size < 2.5) {
      double term = x;
      double sum = x;
      for (int n = 1; n < 60; n++) {
        term *= -x * x / n;
        sum += term / (2 * n + 1);
      }
      return 2 / Math.sqrt(Math.PI) * sum;
    }
    double fraction = 0;
    for (int n = 60; n > 0; n--) {
      fraction = n / 2.0 / (size + fraction);
    }
    double rest = Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction);
    return Math.signum(x) * (1 - rest);
  }
}
