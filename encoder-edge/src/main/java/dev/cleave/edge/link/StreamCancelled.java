package dev.cleave.edge.link;

/** The stream was cancelled by this side and the server did not end it in time. Not a failure. */
public final class StreamCancelled extends RuntimeException {
  /** Makes one. */
  public StreamCancelled() {
    super("the stream was cancelled", null, false, false);
  }
}
