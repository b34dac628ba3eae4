package dev.cleave.server.rpc;

/** The version of this server, from its jar's manifest. */
final class ServerVersion {

  private ServerVersion() {}

  static String get() {
    String version = ServerVersion.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
