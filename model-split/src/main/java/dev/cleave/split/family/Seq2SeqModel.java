package dev.cleave.split.family;

import dev.cleave.split.block.ModelSpec;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.checkpoint.TensorData;
import java.util.List;

/**
 * An encoder-decoder checkpoint, understood: its description and every tensor under its canonical
 * name.
 *
 * @param spec both stacks and the head
 * @param encoder tensors of the encoder, in canonical order; memory borrowed from the checkpoint
 * @param decoder tensors of the decoder and head, in canonical order; borrowed likewise
 * @param limits what positions allow
 * @param generation how the checkpoint wants to be decoded
 */
public record Seq2SeqModel(
    ModelSpec spec,
    List<TensorData> encoder,
    List<TensorData> decoder,
    BundleManifest.Limits limits,
    Generation generation)
    implements FamilyModel {
  public Seq2SeqModel {
    encoder = List.copyOf(encoder);
    decoder = List.copyOf(decoder);
  }
}
