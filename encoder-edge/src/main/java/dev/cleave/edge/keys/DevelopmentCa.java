package dev.cleave.edge.keys;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.regex.Pattern;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A certificate authority for trials and tests: ECDSA over P-256, its key in a file. Immutable.
 *
 * @param certificate of the CA
 * @param key of the CA
 */
public record DevelopmentCa(X509Certificate certificate, PrivateKey key) {
  /** How long a CA lives. */
  public static final Duration LIFE = Duration.ofDays(365);

  /** The CA's certificate, in the folder that {@link #write} fills. */
  public static final String CA = "ca.pem";

  /** The CA's key. */
  public static final String CA_KEY = "ca-key.pem";

  /** Clocks of devices differ. */
  private static final Duration EARLIER = Duration.ofMinutes(5);

  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9*._-]{1,253}");
  private static final SecureRandom RANDOM = new SecureRandom();

  private static final Use SERVER = new Use("server", KeyPurposeId.id_kp_serverAuth);
  private static final Use CLIENT = new Use("client", KeyPurposeId.id_kp_clientAuth);

  /** What a certificate is for. */
  private record Use(String file, KeyPurposeId purpose) {}

  /** A new one. */
  public static DevelopmentCa create(Instant now) {
    try {
      KeyPair keys = keys();
      X500Principal name = new X500Principal("CN=Cleave development CA");
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              name,
              serial(),
              Date.from(now.minus(EARLIER)),
              Date.from(now.plus(LIFE)),
              name,
              keys.getPublic());
      // Signs certificates of hosts and devices, and no further CA.
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      builder.addExtension(
          Extension.subjectKeyIdentifier,
          false,
          new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()));
      return new DevelopmentCa(sign(builder, keys.getPrivate()), keys.getPrivate());
    } catch (GeneralSecurityException | OperatorException | IOException e) {
      throw new IllegalStateException("this JDK cannot make certificates", e);
    }
  }

  /** The one that {@link #write} has written into this folder. */
  public static DevelopmentCa read(Path folder) {
    try (PEMParser certificate = parser(folder.resolve(CA));
        PEMParser key = parser(folder.resolve(CA_KEY))) {
      if (certificate.readObject() instanceof X509CertificateHolder holder
          && key.readObject() instanceof PrivateKeyInfo secret) {
        return new DevelopmentCa(
            new JcaX509CertificateConverter().getCertificate(holder),
            new JcaPEMKeyConverter().getPrivateKey(secret));
      }
    } catch (IOException | GeneralSecurityException e) {
      throw noCa(folder).causedBy(e);
    }
    throw noCa(folder);
  }

  /**
   * Adds what a server and its devices need to {@code folder}: the CA's certificate and key, and a
   * certificate with a key for each side.
   *
   * @param hosts names and addresses of the server, at least one
   * @param life of the certificates, at most to the end of the CA's
   */
  public KeyFolder write(KeyFolder folder, List<String> hosts, Duration life, Instant now) {
    try {
      folder.shared(CA, pem(certificate)).secret(CA_KEY, pem(new JcaPKCS8Generator(key, null)));
      for (Use use : List.of(SERVER, CLIENT)) {
        KeyPair keys = keys();
        X509Certificate issued = issue(use, keys, hosts, now.plus(life), now);
        folder
            .shared(use.file + ".pem", pem(issued))
            .secret(use.file + "-key.pem", pem(new JcaPKCS8Generator(keys.getPrivate(), null)));
      }
      return folder;
    } catch (GeneralSecurityException | OperatorException | IOException e) {
      throw new IllegalStateException("this JDK cannot make certificates", e);
    }
  }

  private X509Certificate issue(
      Use use, KeyPair keys, List<String> hosts, Instant wanted, Instant now)
      throws GeneralSecurityException, OperatorException, IOException {
    Instant last = certificate.getNotAfter().toInstant();
    JcaX509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            certificate,
            serial(),
            Date.from(now.minus(EARLIER)),
            Date.from(wanted.isBefore(last) ? wanted : last),
            new X500Principal("CN=Cleave development " + use.file),
            keys.getPublic());
    JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
    builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
    builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(use.purpose));
    builder.addExtension(
        Extension.authorityKeyIdentifier,
        false,
        identifiers.createAuthorityKeyIdentifier(certificate));
    if (use.equals(SERVER)) {
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(hosts.stream().map(DevelopmentCa::name).toArray(GeneralName[]::new)));
    }
    return sign(builder, key);
  }

  private static GeneralName name(String host) {
    try {
      return new GeneralName(GeneralName.iPAddress, InetAddress.ofLiteral(host).getHostAddress());
    } catch (IllegalArgumentException e) {
      if (!HOST.matcher(host).matches()) {
        throw CleaveException.fatal(
            Code.INPUT,
            "'%s' is neither a host name nor an IP address".formatted(host),
            "give --host such as decoder.example,10.0.0.7");
      }
      return new GeneralName(GeneralName.dNSName, host);
    }
  }

  private static X509Certificate sign(JcaX509v3CertificateBuilder builder, PrivateKey key)
      throws GeneralSecurityException, OperatorException {
    return new JcaX509CertificateConverter()
        .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
  }

  private static KeyPair keys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
    return generator.generateKeyPair();
  }

  private static BigInteger serial() {
    return new BigInteger(127, RANDOM).add(BigInteger.ONE);
  }

  private static String pem(Object object) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(object);
    }
    return text.toString();
  }

  private static PEMParser parser(Path file) throws IOException {
    return new PEMParser(new StringReader(Files.readString(file)));
  }

  private static CleaveException noCa(Path folder) {
    return CleaveException.fatal(
        Code.INPUT,
        "%s holds no CA (%s, %s)".formatted(folder, CA, CA_KEY),
        "make one without --keep-ca");
  }

  @Override
  public String toString() {
    return "DevelopmentCa[" + certificate.getSubjectX500Principal() + "]";
  }
}
