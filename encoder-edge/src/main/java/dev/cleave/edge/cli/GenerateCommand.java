package dev.cleave.edge.cli;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.chat.Chat;
import dev.cleave.edge.chat.ChatMessage;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.journal.JournalFolder;
import dev.cleave.edge.journal.SessionId;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cleave generate}: text in, streamed text out, a receipt on standard error. */
@Command(
    name = "generate",
    description = {
      "Run the device half on a text and print the streamed answer.",
      "The text is tokenized and encoded here; hidden states go to the server half. The receipt of"
          + " what was sent goes to standard error."
    },
    sortOptions = false,
    footer = {
      "",
      "Exit codes: 0 done, 1 failed, 2 refused (usage or input), 130 interrupted.",
      "",
      "Examples:",
      "  cleave generate --bundle notes \"Pt c/o chest pain for 3 days.\"",
      "  cleave generate --bundle notes --server 127.0.0.1:7431 --file letter.txt --codec rate:4",
      "  cleave generate --bundle notes --json < letter.txt 2> /dev/null",
      "  cleave generate --bundle smollm --chat \"What is the capital of France?\"",
      "  cleave generate --bundle notes --temperature 0.7 --top-p 0.9 --seed 7 --stop END \"...\"",
      "  cleave generate --bundle notes --server a:7431,b:7431 --retries 20 --file letter.txt",
      "  cleave generate --bundle notes --session-key session.key --file letter.txt",
      "  cleave generate --bundle notes --session-key session.key --resume ID --after 512"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class GenerateCommand implements Callable<Integer> {
  @Spec CommandSpec spec;
  @Mixin PromptSource prompt;
  @Mixin AnswerOptions how;
  @Mixin JournalOptions kept;

  @Option(
      names = "--chat",
      description = "Put the text as one message of a conversation, in the model's own template.")
  boolean chat;

  @Option(
      names = "--json",
      description = "Print one JSON object: text, token_ids, finish_reason, receipt.")
  boolean json;

  @Option(names = "--no-receipt", description = "Print no receipt on standard error.")
  boolean noReceipt;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    GenerateOptions options = how.generate();
    ClientOptions client = how.client();
    Optional<JournalFolder> journals = kept.open();
    String text = kept.resume == null ? prompt.read(err) : "";
    try (CleaveClient cleave = CleaveClient.open(how.bundle, client);
        Generation generation = begin(cleave, text, options, journals);
        Interrupt interrupt = Interrupt.ends(generation)) {
      if (kept.resume == null) {
        generation.session().ifPresent(id -> err.println("session " + id));
        err.flush();
      }
      try {
        new AnswerPrinter(out, err, json, !noReceipt, kept.after).print(generation);
        return 0;
      } catch (CleaveException e) {
        if (interrupt.came()) {
          return Failures.FAILED; // all was said, and the process is ending
        }
        throw e;
      }
    }
  }

  private Generation begin(
      CleaveClient cleave, String text, GenerateOptions options, Optional<JournalFolder> journals) {
    if (journals.isPresent()) {
      if (kept.resume != null) {
        return cleave.resume(journals.get(), SessionId.parse(kept.resume), options.deadline());
      }
      int[] ids =
          chat ? Chat.prompt(cleave, List.of(ChatMessage.user(text))) : cleave.promptOf(text);
      return cleave.generateFromIds(ids, options, journals.get());
    }
    return chat
        ? cleave.generateFromIds(Chat.prompt(cleave, List.of(ChatMessage.user(text))), options)
        : cleave.generate(text, options);
  }
}
