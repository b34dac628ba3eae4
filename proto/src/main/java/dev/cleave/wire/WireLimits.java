package dev.cleave.wire;

/** Sizes in bytes that both sides keep on the wire, whatever a server's own limits are. */
public final class WireLimits {
  /** The digest in {@code Open.bundle_id}. */
  public static final int BUNDLE_ID_BYTES = 32;

  /**
   * The largest codec frame. A longer prompt takes more frames: one position of f32 at width 8192
   * is 32 KiB.
   */
  public static final int MAX_FRAME_BYTES = 4 << 20;

  /** The largest {@code DeviceMessage}: a frame behind its field number and length. */
  public static final int MAX_UPLINK_BYTES = MAX_FRAME_BYTES + 6;

  /** The largest {@code DeviceMessage} that is not a frame. */
  public static final int MAX_CONTROL_BYTES = 512;

  /**
   * What a server passes to {@code maxInboundMessageSize}. Above {@link #MAX_UPLINK_BYTES}, so that
   * a message somewhat too long is answered by the service, with a reason, and not by the
   * transport.
   */
  public static final int TRANSPORT_MESSAGE_BYTES = 2 * MAX_FRAME_BYTES;

  /** The largest {@code ServerMessage}: a token with the logits of a million entries. */
  public static final int MAX_DOWNLINK_BYTES = (4 << 20) + 64;

  private WireLimits() {}
}
