package dev.cleave.hat.ffi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What {@code cleave_hat.h} declares, as far as its plain style of C goes. */
record Header(
    Map<String, Function> functions,
    Map<String, Function> callbacks,
    Map<String, Integer> constants,
    Map<String, List<Declared>> structs) {
  static final Path FILE = Path.of("src/main/cpp/include/cleave_hat.h");

  private static final String NAMED = "(?s)\\s*(.*?)(\\w+)\\s*";

  /** A type with a name: a parameter, or a field whose arrays have {@code []} behind the type. */
  record Declared(String type, String name) {}

  record Function(String returns, List<Declared> parameters) {}

  static Header read() throws IOException {
    String text = Pattern.compile("/\\*.*?\\*/", Pattern.DOTALL).matcher(source()).replaceAll(" ");
    Map<String, Function> functions = new LinkedHashMap<>();
    for (MatchResult found :
        all("CLEAVE_HAT_API\\s+([\\w\\s*]+?)\\s*\\b(\\w+)\\(([^)]*)\\)\\s*;", text)) {
      functions.put(found.group(2), function(found.group(1), found.group(3)));
    }
    Map<String, Function> callbacks = new LinkedHashMap<>();
    for (MatchResult found : all("typedef (\\w+) \\(\\*(\\w+)\\)\\(([^)]*)\\);", text)) {
      callbacks.put(found.group(2), function(found.group(1), found.group(3)));
    }
    Map<String, Integer> constants = new LinkedHashMap<>();
    for (MatchResult found : all("#define (CLEAVE_HAT_\\w+) +(.*\\d.*)", text)) {
      constants.put(found.group(1), number(found.group(2)));
    }
    for (MatchResult body : all("enum\\s*\\{([^}]*)\\}", text)) {
      for (MatchResult found : all("(\\w+)\\s*=\\s*(\\d+)", body.group(1))) {
        constants.put(found.group(1), Integer.parseInt(found.group(2)));
      }
    }
    Map<String, List<Declared>> structs = new LinkedHashMap<>();
    for (MatchResult found : all("typedef struct (\\w+)\\s*\\{([^}]*)\\}", text)) {
      List<Declared> fields = new ArrayList<>();
      for (String field : found.group(2).split(";", -1)) {
        if (!field.isBlank()) {
          boolean array = field.endsWith("[CLEAVE_HAT_NAME_BYTES]");
          Declared one = declared(field.replace("[CLEAVE_HAT_NAME_BYTES]", ""));
          fields.add(array ? new Declared(one.type() + "[]", one.name()) : one);
        }
      }
      structs.put(found.group(1), fields);
    }
    return new Header(functions, callbacks, constants, structs);
  }

  static String source() throws IOException {
    return Files.readString(FILE);
  }

  private static List<MatchResult> all(String pattern, String text) {
    return Pattern.compile(pattern).matcher(text).results().toList();
  }

  private static Function function(String returns, String parameters) {
    List<Declared> declared = new ArrayList<>();
    if (!parameters.strip().equals("void")) {
      for (String parameter : parameters.split(",", -1)) {
        declared.add(declared(parameter));
      }
    }
    return new Function(returns.strip(), declared);
  }

  private static Declared declared(String text) {
    MatchResult found = all("^" + NAMED + "$", text).getFirst();
    return new Declared(found.group(1).strip(), found.group(2));
  }

  /** Plain, or shifted in brackets. */
  private static int number(String text) {
    List<MatchResult> shifted = all("\\((\\d+)u << (\\d+)\\)", text);
    return shifted.isEmpty()
        ? Integer.parseInt(text.strip())
        : Integer.parseInt(shifted.getFirst().group(1))
            << Integer.parseInt(shifted.getFirst().group(2));
  }
}
