package dev.cleave.edge.cli;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.Receipt;
import dev.cleave.edge.SessionOptions;
import dev.cleave.edge.chat.Chat;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cleave chat}: a conversation, line by line. */
@Command(
    name = "chat",
    description = {
      "Converse with a decoder-only model: each line is a message, each answer is streamed.",
      "The history stays on this device. Of each turn only what is new is computed, and goes to the"
          + " server half as hidden states."
    },
    sortOptions = false,
    footer = {
      "",
      "While it runs: /help tells the commands. Ctrl-C ends an answer, at the prompt it ends all.",
      "Standard input may be a file or a pipe: then the first failure ends the run.",
      "",
      "Exit codes: 0 done, 1 failed, 2 refused (usage or input), 130 interrupted.",
      "",
      "Examples:",
      "  cleave chat --bundle smollm",
      "  cleave chat --bundle smollm --system \"Answer in one sentence.\" --receipt",
      "  cleave chat --bundle smollm --temperature 0.7 --top-p 0.9 --drafts 4",
      "  printf 'What is the capital of France?\\nAnd of Italy?\\n' | cleave chat --bundle smollm --json"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ChatCommand implements Callable<Integer> {
  private static final int INTERRUPTED = 130;
  private static final int MAX_LINE = 1 << 20;
  private static final String HELP =
      """
      /reset         forget what was said
      /system TEXT   tell the model this first from now on; without TEXT what its template says
      /undo          take the last question and its answer back
      /receipt       what the last turn sent and received
      /exit          end, as does Ctrl-D
      //TEXT         say /TEXT
      """;

  @Spec CommandSpec spec;
  @Mixin AnswerOptions how;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "What the model is told first (default: what its template says).")
  @Nullable String system;

  @Option(
      names = "--context",
      paramLabel = "N",
      description =
          "Room for the conversation in tokens; both halves set memory aside (default: the bundle's"
              + " limit).")
  @Nullable Integer context;

  @Option(names = "--json", description = "Print one JSON object a turn, each on one line.")
  boolean json;

  @Option(
      names = "--receipt",
      description = "Print a line about each turn on standard error: tokens, speed, bytes.")
  boolean receipt;

  private final AtomicReference<@Nullable Generation> current = new AtomicReference<>();
  private @Nullable Receipt last;

  /** What {@code --json} prints of a turn. */
  record Turn(
      @JsonUnwrapped AnswerPrinter.Answer answer,
      @JsonProperty("dropped_messages") int droppedMessages) {}

  @Override
  public Integer call() throws IOException {
    boolean typed = PromptSource.isTyped();
    SessionOptions session = SessionOptions.defaults();
    if (context != null) {
      session = session.withPositions(context);
    }
    GenerateOptions options = how.generate();
    try (CleaveClient cleave = CleaveClient.open(how.bundle, how.client());
        Chat chat = Chat.open(cleave, session);
        var _ = CtrlC.runs(this::interrupt)) {
      chat.tell(system);
      if (typed && !json) {
        err().println("cleave: say something, or /help; Ctrl-D ends");
        err().flush();
      }
      converse(chat, options, typed);
      return 0;
    }
  }

  private void converse(Chat chat, GenerateOptions options, boolean typed) throws IOException {
    BufferedReader lines =
        new BufferedReader(
            // A decoder of its own refuses what is not UTF-8.
            new InputStreamReader(System.in, StandardCharsets.UTF_8.newDecoder()));
    while (true) {
      if (typed) {
        err().print("> ");
        err().flush();
      }
      String line = lines.readLine();
      if (line == null || line.strip().equals("/exit")) {
        return;
      }
      try {
        obey(chat, options, line);
      } catch (CleaveException e) {
        if (!typed) {
          throw e;
        }
        err().println("cleave: " + e.getMessage());
        err().flush();
      }
    }
  }

  private void obey(Chat chat, GenerateOptions options, String line) {
    if (line.isBlank()) {
      return;
    }
    if (line.length() > MAX_LINE) {
      throw refuse("a line has more than %,d characters".formatted(MAX_LINE), "say it in parts");
    }
    if (!line.startsWith("/")) {
      answer(chat, options, line);
      return;
    }
    String[] words = line.strip().split("\\s+", 2);
    String rest = words.length > 1 ? words[1] : "";
    switch (words[0]) {
      case "/reset" -> chat.reset();
      case "/system" -> chat.tell(rest.isEmpty() ? null : rest);
      case "/undo" -> {
        if (!chat.undo()) {
          err().println("cleave: nothing was said yet");
        }
      }
      case "/receipt" -> {
        if (last == null) {
          err().println("cleave: nothing was sent yet");
        } else {
          printer().print(last);
        }
      }
      case "/help" -> err().print(HELP);
      default -> {
        if (!line.startsWith("//")) {
          throw refuse("there is no command " + words[0], "see /help; //TEXT says /TEXT");
        }
        answer(chat, options, line.substring(1));
      }
    }
    err().flush();
  }

  private void answer(Chat chat, GenerateOptions options, String text) {
    try (Generation generation = chat.say(text, options)) {
      current.set(generation);
      if (chat.dropped() > 0) {
        err()
            .printf(
                "cleave: the conversation is longer than its room; the %d oldest messages are"
                    + " forgotten%n",
                chat.dropped());
        err().flush();
      }
      if (json) {
        out().println(toJson(AnswerPrinter.answer(generation.text(), generation), chat.dropped()));
      } else {
        printer().stream(generation);
      }
      out().flush();
      last = generation.receipt();
      if (receipt) {
        printLine(last);
      }
    } finally {
      current.set(null);
    }
  }

  private void interrupt() {
    Generation generation = current.get();
    if (generation != null) {
      generation.cancel();
    } else {
      out().flush();
      err().println();
      err().flush();
      Runtime.getRuntime().exit(INTERRUPTED);
    }
  }

  private void printLine(Receipt receipt) {
    err()
        .printf(
            Locale.ROOT,
            "[%,d tokens, %.1f tokens/s, the first after %.0f ms; %,d positions sent as %s;"
                + " %,d bytes up, %,d down; ended by %s]%n",
            receipt.received().tokens(),
            receipt.timing().tokensPerSecond(),
            receipt.timing().firstTokenMillis(),
            receipt.sent().positions(),
            receipt.sent().coding().codec(),
            receipt.sent().messageBytes(),
            receipt.received().messageBytes(),
            receipt.received().finishReason());
    err().flush();
  }

  private static String toJson(AnswerPrinter.Answer answer, int dropped) {
    try {
      return Json.MAPPER
          .writer()
          .without(SerializationFeature.INDENT_OUTPUT)
          .writeValueAsString(new Turn(answer, dropped));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of plain values must be writable as JSON", e);
    }
  }

  private AnswerPrinter printer() {
    return new AnswerPrinter(out(), err(), json, false);
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }

  private static CleaveException refuse(String what, String next) {
    return CleaveException.fatal(Code.INPUT, what, next);
  }
}
