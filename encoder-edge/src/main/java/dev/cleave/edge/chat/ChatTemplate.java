package dev.cleave.edge.chat;

import dev.cleave.edge.chat.template.TemplateEngine;
import dev.cleave.edge.chat.template.TemplateFailure;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model's chat template: writes a conversation as the text that the model was trained on, exactly
 * as transformers' {@code apply_chat_template} does without tools.
 *
 * <p>A template comes with a model and is not trusted. It sees the messages and the two special
 * texts, as strings, lists and maps; it reaches no file, no network and no Java object, and it ends
 * at limits of size, steps and time. Whatever of it cannot be rendered as Jinja would is refused
 * with its line, never guessed. Thread-safe.
 */
public final class ChatTemplate {
  /** The most characters of a template. */
  public static final int MAX_TEMPLATE_LENGTH = 256 << 10;

  private final TemplateEngine engine;
  private final Map<String, Object> specials = new HashMap<>();

  private ChatTemplate(
      TemplateEngine engine, @Nullable String bosToken, @Nullable String eosToken) {
    this.engine = engine;
    if (bosToken != null) {
      specials.put("bos_token", bosToken);
    }
    if (eosToken != null) {
      specials.put("eos_token", eosToken);
    }
  }

  /**
   * Reads a template.
   *
   * @param template its text
   * @param bosToken the text of the token that begins a text; null where the model has none
   * @param eosToken the text of the token that ends one; null where the model has none
   * @throws CleaveException when it uses what cannot be rendered
   */
  public static ChatTemplate of(
      String template, @Nullable String bosToken, @Nullable String eosToken) {
    if (template.length() > MAX_TEMPLATE_LENGTH) {
      throw refuse(
          "it has %d characters and %d are the most"
              .formatted(template.length(), MAX_TEMPLATE_LENGTH));
    }
    try {
      return new ChatTemplate(TemplateEngine.of(template), bosToken, eosToken);
    } catch (TemplateFailure e) {
      throw refuse(e.getMessage()).causedBy(e);
    }
  }

  /**
   * The text of a conversation.
   *
   * @param addGenerationPrompt whether the beginning of an answer follows
   * @throws CleaveException when the template refuses the conversation, or cannot be rendered
   */
  public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
    List<Map<String, Object>> list = new ArrayList<>(messages.size());
    for (ChatMessage message : messages) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("role", message.role());
      map.put("content", message.content());
      list.add(map);
    }
    Map<String, Object> values = new HashMap<>(specials);
    values.put("messages", list);
    values.put("add_generation_prompt", addGenerationPrompt);
    try {
      return engine.render(values);
    } catch (TemplateFailure e) {
      throw refuse(e.getMessage()).causedBy(e);
    }
  }

  private static CleaveException refuse(@Nullable String why) {
    return CleaveException.fatal(
        Code.BUNDLE,
        "the bundle's chat template cannot be used: " + why,
        "mend device/chat_template.jinja in the model's folder and split it again");
  }
}
