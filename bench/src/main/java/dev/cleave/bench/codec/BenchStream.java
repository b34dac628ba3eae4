package dev.cleave.bench.codec;

import dev.cleave.codec.CodecMode;
import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.fit.FitOptions;
import dev.cleave.codec.fit.ProfileFitter;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.rate.RateTarget;
import dev.cleave.codec.synthetic.OutlierSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/** A stream by name, over the synthetic source: with its profile in the modes that use one. */
record BenchStream(StreamSpec spec, @Nullable Profile profile, OutlierSource source) {
  /** Bits an element that the RATE modes are measured at. */
  private static final int BITS = 3;

  /** The stream of a mode's name; the RATE modes pad to {@value #BITS} bits an element. */
  static BenchStream of(String name, int width) {
    CodecMode mode = CodecMode.valueOf(name);
    OutlierSource source = new OutlierSource(width, 1);
    if (name.startsWith("RAW") || name.startsWith("LOSSLESS")) {
      return new BenchStream(new StreamSpec(mode, width), null, source);
    }
    Profile profile = fitted(source);
    RateTarget target =
        mode.hasTarget() ? new RateTarget.BytesPerPosition((width * BITS + 7) / 8) : null;
    StreamSpec spec = new StreamSpec(mode, width, target, profile.hash());
    return new BenchStream(spec, profile, source);
  }

  /** What calibration makes of texts of the source, which are not those that are measured. */
  static Profile fitted(OutlierSource source) {
    ProfileFitter fitter =
        ProfileFitter.of(source.width(), FitOptions.DEFAULT.withTransform(false));
    for (int text = 0; text < 16; text++) {
      fitter.add(FloatBuffer.wrap(source.text(1_000_000 + text, 256)), 256);
    }
    return fitter.fit().profile();
  }

  FrameEncoder encoder() {
    return FrameEncoder.of(spec, profile);
  }

  FrameDecoder decoder() {
    return FrameDecoder.of(spec, Coding.LIMITS, profile);
  }

  float[] states(int positions) {
    return source.states(7, positions);
  }

  /** A copy in native memory, as encoders of models give it. */
  static FloatBuffer directFloats(float[] values) {
    return ByteBuffer.allocateDirect(values.length * Float.BYTES)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer()
        .put(0, values);
  }
}
