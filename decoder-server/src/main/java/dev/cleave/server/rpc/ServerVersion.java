package dev.cleave.server.rpc;

/** The version of this server, from its jar's manifest. */
public final class ServerVersion {

  private ServerVersion() {}

  /** Such as {@code 0.1.0}, or {@code development} outside of a jar. */
  public static String get() {
    String version = ServerVersion.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
