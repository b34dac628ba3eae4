package dev.cleave.lab.half;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cleave.edge.chat.ChatMessage;
import dev.cleave.edge.chat.ChatTemplate;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * How a model's own texts begin: every other one as a conversation does, where the model has a
 * template for these, so that it writes the person's part as well; the others with any token behind
 * what the tokenizer puts before a text. Immutable.
 */
final class Openings {
  private static final int TRIES = 1000;
  private static final String TEMPLATE = "chat_template.jinja";

  /** Of no text and no template; what stands before it in a conversation is the opening. */
  private static final String PERSON = "\uE0C1";

  private final int[] before;
  private final List<int[]> conversations;
  private final int vocabulary;
  private final Set<Integer> skipped;

  /**
   * Openings of these parts.
   *
   * @param before ids that the tokenizer puts before any text, perhaps none
   * @param conversations ids up to where a person's message begins; at most one
   * @param vocabulary one more than the largest id of a token
   * @param skipped ids that have no text
   */
  Openings(int[] before, List<int[]> conversations, int vocabulary, Set<Integer> skipped) {
    this.before = before.clone();
    this.conversations = List.copyOf(conversations);
    this.vocabulary = vocabulary;
    this.skipped = Set.copyOf(skipped);
  }

  /** Those of a bundle. */
  static Openings of(Bundle half, HfTokenizer tokenizer) {
    JsonNode generation = DeviceHalf.generation(half);
    return new Openings(
        tokenizer.encode(""),
        conversations(half, generation, tokenizer),
        tokenizer.vocabulary(),
        DeviceHalf.skipped(generation));
  }

  private static List<int[]> conversations(
      Bundle half, JsonNode generation, HfTokenizer tokenizer) {
    if (!half.manifest().has(Half.DEVICE, TEMPLATE)) {
      return List.of();
    }
    JsonNode chat = generation.path("chat");
    String text;
    try {
      text =
          ChatTemplate.of(
                  Files.readString(half.file(TEMPLATE)),
                  chat.path("bosToken").asText(""),
                  chat.path("eosToken").asText(""))
              .render(List.of(ChatMessage.user(PERSON)), false);
    } catch (CleaveException | IOException e) {
      // a template that cannot be rendered is no reason not to calibrate
      return List.of();
    }
    // no template leaves the message out, but one that did would give no opening
    int[] ids = tokenizer.encodeWritten(text.substring(0, Math.max(0, text.indexOf(PERSON))));
    return ids.length == 0 ? List.of() : List.of(ids);
  }

  /** The opening of a text. */
  int[] of(int number, SplittableRandom random) {
    if (!conversations.isEmpty() && number % 2 == 0) {
      return conversations.getFirst().clone();
    }
    int[] ids = Arrays.copyOf(before, before.length + 1);
    for (int n = 0; n < TRIES; n++) {
      ids[before.length] = random.nextInt(vocabulary);
      if (!skipped.contains(ids[before.length])) {
        break;
      }
    }
    return ids;
  }
}
