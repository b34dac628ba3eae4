package dev.cleave.edge.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.error.CleaveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** A template and what transformers writes with it. */
  record Published(String name, ChatTemplate template, List<Expected> expected) {
    @Override
    public String toString() {
      return name;
    }
  }

  record Expected(List<ChatMessage> messages, boolean prompt, JsonNode text) {}

  static Stream<Published> published() throws IOException {
    try (InputStream in = ChatTemplateTest.class.getResourceAsStream("/chat/templates.json")) {
      JsonNode root = MAPPER.readTree(Objects.requireNonNull(in));
      List<Published> all = new ArrayList<>();
      for (JsonNode node : root.get("templates")) {
        List<Expected> expected = new ArrayList<>();
        int at = 0;
        for (JsonNode talk : root.get("conversations")) {
          List<ChatMessage> messages = messages(talk);
          expected.add(new Expected(messages, true, node.get("texts").get(at++)));
          expected.add(new Expected(messages, false, node.get("texts").get(at++)));
        }
        ChatTemplate template =
            ChatTemplate.of(
                node.get("template").asText(), root.get("bos").asText(), root.get("eos").asText());
        all.add(new Published(node.get("name").asText(), template, expected));
      }
      return all.stream();
    }
  }

  @ParameterizedTest
  @MethodSource("published")
  void writesWhatTransformersWrites(Published published) {
    for (Expected it : published.expected()) {
      if (it.text().isNull()) {
        assertThatThrownBy(() -> published.template().render(it.messages(), it.prompt()))
            .as("%s", it.messages())
            .isInstanceOf(CleaveException.class);
      } else {
        assertThat(published.template().render(it.messages(), it.prompt()))
            .as("%s", it.messages())
            .isEqualTo(it.text().asText());
      }
    }
  }

  @Test
  void writesThePromptsOfTheRealModel() throws IOException {
    String models = System.getenv("CLEAVE_MODELS");
    assumeThat(models).as("CLEAVE_MODELS").isNotNull();
    Path folder = Path.of(models, "smollm2-135m-instruct");
    ChatTemplate template =
        ChatTemplate.of(
            Files.readString(folder.resolve("chat_template.jinja")), "<|im_start|>", "<|im_end|>");
    JsonNode prompts =
        MAPPER.readTree(folder.resolve("expected.json").toFile()).required("prompts");

    assertThat(prompts).isNotEmpty();
    for (JsonNode prompt : prompts) {
      List<ChatMessage> messages = List.of(ChatMessage.user(prompt.get("user").asText()));
      assertThat(template.render(messages, true)).isEqualTo(prompt.get("templated").asText());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% raw %}x{% endraw %}",
        "{% if true %}x",
        "{% for m in messages recursive %}{% endfor %}",
        "{% for m in messages %}a{% else %}b{% endfor %}",
        "{{ 'x }}",
        "{{ x ? y : z }}",
        "{{ a && b }}",
        "{{ empty messages }}",
        "{{ 1 / 2 }}",
        "{{ ____int3rpr3t3r____ }}"
      })
  void refusesToReadWithTheLine(String template) {
    assertThatThrownBy(() -> ChatTemplate.of("a\nb\n" + template, null, null))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("line 3");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ messages.getClass() }}",
        "{{ ''.getClass().forName('java.lang.Runtime') }}",
        "{{ messages[0].content.toCharArray() }}",
        "{{ messages[0].put('role', 'x') }}",
        "{{ messages.add(1) }}",
        "{{ messages[0]|pprint }}",
        "{{ '{{ 1 }}'|render }}",
        "{{ today() }}",
        "{{ missing() }}",
        "{{ messages|missing }}",
        "{{ messages is missing }}",
        "{% for m in messages %}{{ loop.cycle(1) }}{% endfor %}",
        "{% for m in messages if m.role == 'user' %}{% endfor %}",
        "{{ messages[0].content.encode('utf8') }}",
        "{{ raise_exception('no') }}"
      })
  void refusesToRenderWithTheLine(String template) {
    ChatTemplate it = ChatTemplate.of("a\n{% set b = 1 %}\n" + template, null, null);

    assertThatThrownBy(() -> it.render(List.of(ChatMessage.user("secret words")), true))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("line 3")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}"
            + "{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}"
            + "{% for i in range(60) %}{% set ns.x = ns.x.replace('a', 'aaaaaaaa') %}{% endfor %}",
        "{% for i in range(1000) %}{% for j in range(1000) %}{% for k in range(1000) %}"
            + "{% endfor %}{% endfor %}{% endfor %}",
        "{% for i in range(100000) %}{% for j in range(100000) %}{{ 'aaaaaaaaaaaaaaaa' }}"
            + "{% endfor %}{% endfor %}",
        "{{ range(1000000000)|length }}",
        "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}"
      })
  void endsAtItsLimits(String template) {
    ChatTemplate it = ChatTemplate.of(template, null, null);

    assertThatThrownBy(() -> it.render(List.of(ChatMessage.user("x")), true))
        .isInstanceOf(CleaveException.class);
  }

  @Test
  void refusesATemplateThatIsTooLong() {
    String template = "x".repeat(ChatTemplate.MAX_TEMPLATE_LENGTH + 1);

    assertThatThrownBy(() -> ChatTemplate.of(template, null, null))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("262145");
  }

  static List<ChatMessage> messages(JsonNode talk) {
    List<ChatMessage> messages = new ArrayList<>();
    for (JsonNode message : talk) {
      messages.add(new ChatMessage(message.get("role").asText(), message.get("content").asText()));
    }
    return messages;
  }
}
