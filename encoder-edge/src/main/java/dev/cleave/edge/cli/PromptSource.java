package dev.cleave.edge.cli;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Where the text comes from: the argument, else the file, else standard input. */
final class PromptSource {
  private static final int MAX_BYTES = 16 << 20;

  @Parameters(index = "0", arity = "0..1", paramLabel = "TEXT", description = "The text.")
  @Nullable String text;

  @Option(names = "--file", paramLabel = "F", description = "Read the text from a UTF-8 file.")
  @Nullable Path file;

  String read(PrintWriter err) {
    if (text != null && file != null) {
      throw refuse("both TEXT and --file were given", "give one of them");
    }
    if (text != null) {
      if (text.indexOf('\uFFFD') >= 0) {
        throw refuse(
            "the argument holds characters that this locale cannot pass on",
            "set LC_ALL=C.UTF-8, or use --file or standard input");
      }
      return text;
    }
    if (file != null) {
      Path path = file;
      try (InputStream in = Files.newInputStream(path)) {
        return read(in, path.toString());
      } catch (NoSuchFileException e) {
        throw refuse("there is no file " + path, "check --file").causedBy(e);
      } catch (IOException e) {
        throw refuse("could not read " + path, "check --file").causedBy(e);
      }
    }
    if (isTyped()) {
      err.println("cleave: type the text, end it with Ctrl-D");
      err.flush();
    }
    try {
      return read(System.in, "standard input");
    } catch (IOException e) {
      throw refuse("could not read standard input", "give TEXT or --file").causedBy(e);
    }
  }

  @SuppressWarnings("SystemConsoleNull") // it is null on JDK 25 where standard input is a pipe
  static boolean isTyped() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  private static String read(InputStream in, String name) throws IOException {
    byte[] bytes = in.readNBytes(MAX_BYTES + 1);
    if (bytes.length > MAX_BYTES) {
      throw refuse("%s holds more than %d bytes".formatted(name, MAX_BYTES), "send it in parts");
    }
    try {
      String all = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      // The line end that editors and echo add is not part of the text.
      return all.endsWith("\r\n")
          ? all.substring(0, all.length() - 2)
          : all.endsWith("\n") ? all.substring(0, all.length() - 1) : all;
    } catch (CharacterCodingException e) {
      throw refuse(name + " is not UTF-8", "convert it, for instance with iconv").causedBy(e);
    }
  }

  private static CleaveException refuse(String what, String next) {
    return CleaveException.fatal(Code.INPUT, what, next);
  }
}
