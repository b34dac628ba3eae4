package dev.cleave.edge;

/** What computes on this device for one kind of model. Thread-safe. */
interface DeviceHalf extends AutoCloseable {
  /** What computes, as the receipt has it. */
  String engine();

  /** Begins to answer a prompt. */
  Generation generate(int[] ids, GenerateOptions options);

  /** A conversation of many turns. */
  CausalSession openSession(SessionOptions options);

  /** The boundary tensor of a prompt. */
  HiddenStates encode(int[] ids);

  /** Ends what still runs and frees the engine; the link is closed already. */
  @Override
  void close();
}
