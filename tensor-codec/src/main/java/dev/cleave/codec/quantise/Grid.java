package dev.cleave.codec.quantise;

/** Where the points of a quantiser lie, in units of the step. */
enum Grid {
  /** Every multiple of the step. */
  UNIFORM {
    @Override
    double lower(int q) {
      return q - 0.5;
    }

    @Override
    int point(int q) {
      return q;
    }
  },
  /** The even multiples: half of a trellis. */
  EVEN {
    @Override
    double lower(int q) {
      return 2 * q - 1;
    }

    @Override
    int point(int q) {
      return 2 * q;
    }
  },
  /** The odd multiples and zero: the other half. */
  ODD {
    @Override
    double lower(int q) {
      return switch (q) {
        case 0 -> -0.5;
        case 1 -> 0.5;
        default -> q > 0 ? 2 * q - 2 : 2 * q;
      };
    }

    @Override
    int point(int q) {
      return 2 * q - Integer.signum(q);
    }
  };

  /** Where the cell of an index begins; it ends where the next one begins. */
  abstract double lower(int q);

  /** The multiple of the step that an index stands for. */
  abstract int point(int q);

  /** What is best put out for an index whose cell has this mass and first moment. */
  double centroid(int q, double mass, double moment) {
    // Zero stays zero, so that decoders can pass over it; cells without mass have no centroid.
    if (q == 0 || mass < 1e-9) {
      return point(q);
    }
    return Math.clamp(moment / mass, lower(q), lower(q + 1));
  }
}
