package dev.cleave.server.cli;

import dev.cleave.server.rpc.ServerVersion;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
final class ServeVersion implements IVersionProvider {

  @Override
  public String[] getVersion() {
    return new String[] {"cleave server " + ServerVersion.get()};
  }
}
