package dev.cleave.edge.cli;

import dev.cleave.edge.keys.DevelopmentCa;
import dev.cleave.edge.keys.KeyFolder;
import dev.cleave.edge.keys.TokenIssuer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code cleave keys}: makes what secures the two halves and the way between them. */
@Command(
    name = "keys",
    description = {
      "Make keys, certificates and tokens. Files that hold a secret can be read by their owner alone;",
      "files that are there are replaced only with --force."
    },
    subcommands = {
      KeysCommand.Tls.class,
      KeysCommand.Token.class,
      KeysCommand.Session.class,
      SigningKeysCommand.class
    },
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  cleave keys tls --out certs --host decoder.example,10.0.0.7",
      "  cleave keys token --out tokens --tenant clinic",
      "  cleave keys session --out session.key",
      "  cleave keys signing --out signing"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class KeysCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "no kind of key given; see cleave keys --help");
  }

  private static void print(CommandSpec spec, List<Path> files) {
    PrintWriter out = spec.commandLine().getOut();
    files.forEach(out::println);
    out.flush();
  }

  /** {@code cleave keys tls}: a CA, and a certificate for each side. */
  @Command(
      name = "tls",
      description = {
        "Make a CA for trials, and with it a certificate of the server and one of the devices (ECDSA",
        "P-256). The CA lives for a year; both sides see new files while they run.",
        "Writes ca.pem, ca-key.pem, server.pem, server-key.pem, client.pem, client-key.pem."
      },
      sortOptions = false,
      footer = {
        "",
        "Examples:",
        "  cleave keys tls --out certs --host decoder.example,10.0.0.7",
        "  cleave keys tls --out certs --host decoder.example --keep-ca",
        "  cleave serve --bundle notes --host 0.0.0.0 --tls-cert certs/server.pem \\",
        "    --tls-key certs/server-key.pem --tls-client-ca certs/ca.pem",
        "  cleave generate --bundle notes --server decoder.example:7431 --tls-ca certs/ca.pem \\",
        "    --tls-cert certs/client.pem --tls-key certs/client-key.pem --file note.txt"
      })
  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  static final class Tls implements Callable<Integer> {
    @Spec CommandSpec spec;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "DIR",
        description = "Where to write to.")
    Path out;

    @Option(
        names = "--host",
        paramLabel = "NAME,IP...",
        split = ",",
        defaultValue = "localhost,127.0.0.1,::1",
        description = "What clients call the server (default: ${DEFAULT-VALUE}).")
    List<String> hosts;

    @Option(
        names = "--days",
        paramLabel = "N",
        defaultValue = "90",
        description = "How long the two certificates live, 1 to 365 (default: ${DEFAULT-VALUE}).")
    int days;

    @Option(
        names = "--keep-ca",
        description = "Renew the two certificates with the CA that is in DIR.")
    boolean keepCa;

    @Option(names = "--force", description = "Replace files that are there.")
    boolean force;

    @Override
    public Integer call() {
      requireRange(spec, "--days", days, DevelopmentCa.LIFE.toDays());
      Instant now = Instant.now();
      DevelopmentCa ca = keepCa ? DevelopmentCa.read(out) : DevelopmentCa.create(now);
      KeyFolder files = ca.write(new KeyFolder(out), hosts, Duration.ofDays(days), now);
      print(spec, files.write(force || keepCa));
      return 0;
    }
  }

  /** {@code cleave keys token}: an issuer, and a token of it. */
  @Command(
      name = "token",
      description = {
        "Make an issuer's key for trials (Ed25519) and sign a token with it, a JSON Web Token.",
        "Writes issuer-key.json, jwks.json (for servers) and TENANT.jwt (for devices)."
      },
      sortOptions = false,
      footer = {
        "",
        "Examples:",
        "  cleave keys token --out tokens --tenant clinic",
        "  cleave keys token --out tokens --tenant bank --hours 8 --keep-key",
        "  cleave serve --bundle notes --auth-jwks tokens/jwks.json --auth-issuer cleave-dev \\",
        "    --auth-audience cleave",
        "  cleave generate --bundle notes --token tokens/clinic.jwt --file note.txt"
      })
  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  static final class Token implements Callable<Integer> {
    private static final long MAX_HOURS = 24 * 365;

    @Spec CommandSpec spec;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "DIR",
        description = "Where to write to.")
    Path out;

    @Option(
        names = "--tenant",
        paramLabel = "NAME",
        defaultValue = "dev",
        description = "On whose behalf its holder calls (default: ${DEFAULT-VALUE}).")
    String tenant;

    @Option(
        names = "--audience",
        paramLabel = "NAME",
        defaultValue = "cleave",
        description = "Whom it is for (default: ${DEFAULT-VALUE}).")
    String audience;

    @Option(
        names = "--issuer",
        paramLabel = "NAME",
        defaultValue = "cleave-dev",
        description = "Who says so (default: ${DEFAULT-VALUE}).")
    String issuer;

    @Option(
        names = "--hours",
        paramLabel = "N",
        defaultValue = "24",
        description = "How long it can be used, 1 to 8760 (default: ${DEFAULT-VALUE}).")
    int hours;

    @Option(names = "--keep-key", description = "Sign with the issuer's key that is in DIR.")
    boolean keepKey;

    @Option(names = "--force", description = "Replace files that are there.")
    boolean force;

    @Override
    public Integer call() {
      requireRange(spec, "--hours", hours, MAX_HOURS);
      TokenIssuer keys = keepKey ? TokenIssuer.read(out) : TokenIssuer.create();
      TokenIssuer.Claims claims =
          new TokenIssuer.Claims(tenant, issuer, audience, Duration.ofHours(hours));
      print(spec, keys.write(new KeyFolder(out), claims, Instant.now()).write(force || keepKey));
      return 0;
    }
  }

  /** {@code cleave keys session}: what a device encrypts its journals with. */
  @Command(
      name = "session",
      description = {
        "Make the key that a device encrypts with what it keeps of its sessions on disk: 32 random",
        "bytes in base64."
      },
      sortOptions = false,
      footer = {"", "Examples:", "  cleave keys session --out session.key"})
  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  static final class Session implements Callable<Integer> {
    private static final int KEY_BYTES = 32;

    @Spec CommandSpec spec;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "FILE",
        description = "Where to write to.")
    Path out;

    @Option(names = "--force", description = "Replace a file that is there.")
    boolean force;

    @Override
    public Integer call() {
      byte[] key = new byte[KEY_BYTES];
      new SecureRandom().nextBytes(key);
      Path file = out.toAbsolutePath();
      Path folder = file.getParent();
      Path name = file.getFileName();
      if (folder == null || name == null) {
        throw new ParameterException(spec.commandLine(), "--out names no file: " + out);
      }
      print(
          spec,
          new KeyFolder(folder)
              .secret(name.toString(), Base64.getEncoder().encodeToString(key) + "\n")
              .write(force));
      return 0;
    }
  }

  private static void requireRange(CommandSpec spec, String option, int value, long most) {
    if (value < 1 || value > most) {
      throw new ParameterException(
          spec.commandLine(), "%s must be from 1 to %d, got %d".formatted(option, most, value));
    }
  }
}
