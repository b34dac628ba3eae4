package dev.cleave.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.cleave.server.cli.ServeCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** The files of {@code docs/ops}, as tests read them. */
final class OpsFiles {
  static final Path FOLDER = ServerProcess.HOME.resolve("docs/ops");
  private static final YAMLMapper YAML = YAMLMapper.builder(new YAMLFactory()).build();

  private OpsFiles() {}

  static List<JsonNode> yaml(Path file) throws IOException {
    try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(file.toFile())) {
      return documents.readAll();
    }
  }

  static List<Path> kubernetes() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER.resolve("kubernetes"))) {
      return files.sorted().toList();
    }
  }

  /** The only object of this kind. */
  static JsonNode object(String kind) throws IOException {
    List<JsonNode> found = new ArrayList<>();
    for (Path file : kubernetes()) {
      yaml(file).stream().filter(it -> it.path("kind").asText().equals(kind)).forEach(found::add);
    }
    if (found.size() != 1) {
      throw new IOException(kind + " is there " + found.size() + " times");
    }
    return found.getFirst();
  }

  static List<String> strings(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText).toList();
  }

  /** As the server reads its command line; throws what it would say. */
  static ParseResult serve(List<String> arguments) {
    return new CommandLine(new ServeCommand())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .parseArgs(arguments.toArray(String[]::new));
  }
}
