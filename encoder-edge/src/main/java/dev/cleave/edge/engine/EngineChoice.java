package dev.cleave.edge.engine;

import java.util.Arrays;
import java.util.List;

/** What shall compute the device half. */
public enum EngineChoice {
  /** The accelerator where all that it needs is there, else ONNX Runtime. Never the simulator. */
  AUTO("auto"),
  /** ONNX Runtime on the CPU. */
  ORT("ort"),
  /** The AI HAT+; where it cannot run, that is an error. */
  HAT("hat"),
  /** A simulator of the AI HAT+, for development. */
  HAT_SIM("hat-sim");

  private final String text;

  EngineChoice(String text) {
    this.text = text;
  }

  /** As people write it. */
  public String text() {
    return text;
  }

  /** All of them, as people write them. */
  public static List<String> names() {
    return Arrays.stream(values()).map(EngineChoice::text).toList();
  }

  /**
   * The choice of this name.
   *
   * @throws IllegalArgumentException naming those that there are
   */
  public static EngineChoice parse(String text) {
    for (EngineChoice choice : values()) {
      if (choice.text.equals(text)) {
        return choice;
      }
    }
    throw new IllegalArgumentException(
        "an engine must be one of %s: %s".formatted(String.join(", ", names()), text));
  }
}
