package dev.cleave.wire;

import io.grpc.Metadata;
import java.util.HexFormat;

/** What travels in the headers of a Generate call, beside gRPC's own. */
public final class WireHeaders {
  /**
   * The session as 32 digits of hex, high half first: what balancers hash, so that a session that
   * is opened again finds its server while that lives. The server goes by {@code Open} alone.
   */
  public static final Metadata.Key<String> SESSION =
      Metadata.Key.of("cleave-session", Metadata.ASCII_STRING_MARSHALLER);

  /** {@code Bearer} and a JSON Web Token. */
  public static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private WireHeaders() {}

  /** The value of {@link #SESSION}. */
  public static String session(long high, long low) {
    return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
  }
}
