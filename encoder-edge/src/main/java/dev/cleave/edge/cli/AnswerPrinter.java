package dev.cleave.edge.cli;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.cleave.edge.FinishReason;
import dev.cleave.edge.Generation;
import dev.cleave.edge.Receipt;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.journal.SessionId;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Prints one answer: streamed text or one JSON object, then the receipt. */
record AnswerPrinter(
    PrintWriter out, PrintWriter err, boolean json, boolean withReceipt, int after) {

  /** One that prints all of the text. */
  AnswerPrinter(PrintWriter out, PrintWriter err, boolean json, boolean withReceipt) {
    this(out, err, json, withReceipt, 0);
  }

  /** What {@code --json} prints. */
  record Answer(
      @JsonProperty("text") String text,
      @JsonProperty("token_ids") List<Integer> tokenIds,
      @JsonProperty("finish_reason") FinishReason finishReason,
      @JsonProperty("receipt") Receipt receipt) {}

  void print(Generation generation) {
    if (json) {
      printJson(generation);
    } else {
      stream(generation);
    }
    out.flush();
    if (withReceipt) {
      print(generation.receipt());
    }
  }

  private void printJson(Generation generation) {
    try {
      String text = generation.text();
      out.println(toJson(answer(text, generation)));
    } catch (CleaveException e) {
      generation.session().ifPresent(id -> sayKept(id, 0));
      throw e;
    }
  }

  void stream(Generation generation) {
    boolean lineOpen = false;
    int left = after;
    int printed = after;
    try {
      for (String whole : generation) {
        int known = Math.min(left, whole.codePointCount(0, whole.length()));
        left -= known;
        String piece = whole.substring(whole.offsetByCodePoints(0, known));
        if (piece.isEmpty()) {
          continue;
        }
        out.print(piece);
        if (out.checkError()) {
          Interrupt.stop(generation); // nobody reads any more
          continue;
        }
        printed += piece.codePointCount(0, piece.length());
        lineOpen = !piece.endsWith("\n");
      }
    } catch (CleaveException e) {
      Optional<SessionId> kept = generation.session();
      if (kept.isPresent()) {
        if (lineOpen) {
          err.println(); // not to out: what goes on with the answer goes on behind its last
          // character
          lineOpen = false;
        }
        sayKept(kept.get(), printed);
      }
      throw e;
    } finally {
      if (lineOpen) {
        out.println();
        out.flush();
      }
    }
  }

  private void sayKept(SessionId id, int printed) {
    err.printf(
        "kept: go on with --resume %s%s, or forget it with cleave sessions erase %s%n",
        id, printed == 0 ? "" : " --after " + printed, id);
    err.flush();
  }

  static Answer answer(String text, Generation generation) {
    List<Integer> ids = Arrays.stream(generation.tokenIds()).boxed().toList();
    return new Answer(text, ids, generation.finishReason(), generation.receipt());
  }

  private static String toJson(Answer answer) {
    try {
      return Json.MAPPER.writeValueAsString(answer);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of plain values must be writable as JSON", e);
    }
  }

  void print(Receipt receipt) {
    Receipt.Sent sent = receipt.sent();
    Receipt.Received received = receipt.received();
    Receipt.Timing timing = receipt.timing();
    err.println("receipt");
    err.printf("  bundle      %s%n", receipt.bundleId());
    err.printf("  server      %s%n", receipt.serverName());
    err.printf("  engine      %s%n", receipt.engine());
    err.printf(
        Locale.ROOT,
        "  sent        %,d hidden states as %s in %,d frame%s: %,d bytes, %.3f bits per element%n",
        sent.positions(),
        sent.coding().codec(),
        sent.frames(),
        sent.frames() == 1 ? "" : "s",
        sent.frameBytes(),
        sent.coding().bitsPerElement());
    err.printf(
        "  codec       %s (%s); %s%n",
        sent.coding().codec(),
        sent.coding().reason(),
        sent.coding().constantSize()
            ? "the size of a frame says how many positions it has, nothing more"
            : "the sizes of frames depend on their content");
    err.println("  certificate " + certificate(sent.coding()));
    err.printf(
        Locale.ROOT, "  bytes up    %,d in gRPC messages, frames included%n", sent.messageBytes());
    err.printf(Locale.ROOT, "  bytes down  %,d in gRPC messages%n", received.messageBytes());
    err.printf(
        Locale.ROOT,
        "  received    %,d token%s, ended by %s%n",
        received.tokens(),
        received.tokens() == 1 ? "" : "s",
        received.finishReason());
    if (receipt.steps() != null) {
      print(receipt.steps());
    }
    Receipt.Recovered recovered = receipt.recovered();
    if (recovered.reopened() > 0) {
      err.printf(
          Locale.ROOT,
          "  recovered   %,d time%s on another stream; %,d bytes were sent again%n",
          recovered.reopened(),
          recovered.reopened() == 1 ? "" : "s",
          recovered.bytesAgain());
    }
    if (received.seed() != null) {
      err.printf(Locale.ROOT, "  seed        %d%n", received.seed());
    }
    err.printf(
        Locale.ROOT,
        "  time        encode %.1f ms, first token %.1f ms, total %.1f ms, %.1f tokens/s%n",
        timing.encodeMillis(),
        timing.firstTokenMillis(),
        timing.totalMillis(),
        timing.tokensPerSecond());
    err.println("  " + receipt.statement());
    err.flush();
  }

  void print(Receipt.Steps steps) {
    err.printf(
        Locale.ROOT,
        "  steps       %,d round trip%s; for each token after the first %.1f bytes up, %.1f down%n",
        steps.roundTrips(),
        steps.roundTrips() == 1 ? "" : "s",
        steps.bytesUpPerToken(),
        steps.bytesDownPerToken());
    if (steps.draftsSent() > 0) {
      err.printf(
          Locale.ROOT,
          "  drafts      %,d sent, %,d stood%n",
          steps.draftsSent(),
          steps.draftsAccepted());
    }
    if (steps.note() != null) {
      err.println("  note        " + steps.note());
    }
  }

  private static String certificate(Receipt.Coding coding) {
    Receipt.Measured it = coding.measured();
    if (it == null) {
      return "none: the prompt was not sent whole";
    }
    String cost = String.format(Locale.ROOT, " (measured in %.1f ms)", it.millis());
    if (it.exact()) {
      return "exact: decoded again, the frames give back every bit" + cost;
    }
    if (it.distortionDb() == null) {
      return "no loss was measured" + cost;
    }
    String loss =
        String.format(Locale.ROOT, "channel-normalised distortion %.1f dB", it.distortionDb());
    if (it.weightedDistortionDb() != null) {
      loss += String.format(Locale.ROOT, ", weighted %.1f dB", it.weightedDistortionDb());
    }
    if (it.bound() == null || coding.gap() == null) {
      return loss + cost;
    }
    return loss
        + String.format(
            Locale.ROOT,
            "; the bound there is %.2f bits per element, %.2f %s%s",
            it.bound(),
            Math.abs(coding.gap()),
            coding.gap() < 0 ? "more" : "fewer",
            cost);
  }
}
