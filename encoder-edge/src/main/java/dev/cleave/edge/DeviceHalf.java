package dev.cleave.edge;

import dev.cleave.edge.link.DecoderLink;

/** What computes on this device for one kind of model. Thread-safe. */
interface DeviceHalf extends AutoCloseable {
  /** What computes, as the receipt has it. */
  String engine();

  /** Begins to answer a prompt. */
  Generation generate(int[] ids, GenerateOptions options);

  /** Begins to answer a prompt over this link. */
  Generation generate(int[] ids, GenerateOptions options, DecoderLink over);

  /** A conversation of many turns. */
  CausalSession openSession(SessionOptions options);

  /** The boundary tensor of a prompt. */
  HiddenStates encode(int[] ids);

  /** Ends what still runs and frees the engine; the link is closed already. */
  @Override
  void close();
}
