package dev.cleave.edge;

import dev.cleave.edge.engine.EncoderEngine;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/** An encoder whose rows say which id stands where. */
final class FakeEncoder implements EncoderEngine {
  @Override
  public String name() {
    return "ort";
  }

  @Override
  public int width() {
    return Exchange.WIDTH;
  }

  @Override
  public int maxPositions() {
    return 512;
  }

  @Override
  public void encode(LongBuffer ids, FloatBuffer hidden) {
    for (int i = 0; i < ids.remaining(); i++) {
      for (int j = 0; j < Exchange.WIDTH; j++) {
        hidden.put(i * Exchange.WIDTH + j, ids.get(i) + 0.01f * j + i);
      }
    }
  }

  @Override
  public void close() {}
}
