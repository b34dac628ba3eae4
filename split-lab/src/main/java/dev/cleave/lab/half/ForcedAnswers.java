package dev.cleave.lab.half;

import dev.cleave.server.engine.ForcedBatch;
import dev.cleave.server.engine.ForcedDecoder;
import dev.cleave.split.block.DecoderSpec;
import java.nio.FloatBuffer;
import java.util.List;

/** A decoder that is fed answers to what an encoder made of the text. */
final class ForcedAnswers implements ForcedModel {
  private final ForcedDecoder decoder;

  ForcedAnswers(ForcedDecoder decoder) {
    this.decoder = decoder;
  }

  DecoderSpec spec() {
    return decoder.spec();
  }

  @Override
  public int vocabulary() {
    return spec().head().vocabulary();
  }

  @Override
  public Asked asked(Sample sample, int[] answer) {
    return Asked.along(sample, decoder.inputs(answer));
  }

  @Override
  public FloatBuffer logits(List<Asked> rows) {
    ForcedBatch batch = new ForcedBatch();
    for (Asked row : rows) {
      Sample sample = row.sample();
      batch.add(FloatBuffer.wrap(sample.states()), sample.positions(), row.inputs());
    }
    return decoder.logits(batch);
  }

  @Override
  public FloatBuffer gradient(List<Asked> rows, List<int[]> targets) {
    ForcedBatch batch = new ForcedBatch();
    for (int i = 0; i < rows.size(); i++) {
      Asked row = rows.get(i);
      Sample sample = row.sample();
      FloatBuffer states = FloatBuffer.wrap(sample.states());
      batch.add(states, sample.positions(), row.inputs(), targets.get(i));
    }
    return decoder.gradient(batch);
  }

  @Override
  public void close() {
    decoder.close();
  }
}
