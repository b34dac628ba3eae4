package dev.cleave.bench.chaos.work;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.Generation;
import dev.cleave.edge.error.CleaveException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One answer, piece by piece, with the time of each. Confined to one thread. */
public final class Arrivals {
  private record Piece(long nanos, int characters) {}

  private final long began = System.nanoTime();
  private final List<Piece> pieces = new ArrayList<>();
  private final StringBuilder got = new StringBuilder();
  private int[] ids = {};
  private int reopened;
  private @Nullable CleaveException failure;

  private Arrivals() {}

  /**
   * Asks for an answer and takes it to its end.
   *
   * @param behind so many tokens something happens; 0 is at the very beginning
   * @param happens what does, called once
   */
  public static Arrivals of(Task task, CleaveClient client, int behind, Runnable happens) {
    Arrivals arrivals = new Arrivals();
    boolean waits = true;
    if (behind == 0) {
      happens.run();
      waits = false;
    }
    try (Generation answer = task.begin(client)) {
      for (String piece : answer) {
        arrivals.got.append(piece);
        arrivals.pieces.add(new Piece(System.nanoTime(), arrivals.got.length()));
        if (waits && answer.tokenIds().length >= behind) {
          happens.run();
          waits = false;
        }
      }
      arrivals.ids = answer.tokenIds();
      arrivals.reopened = answer.receipt().recovered().reopened();
    } catch (CleaveException e) {
      arrivals.failure = e;
    }
    if (waits && behind < task.tokens().size()) {
      happens.run(); // it failed before: who waits for what happens must not wait for ever
    }
    return arrivals;
  }

  /** What differs from the undisturbed answer, or the error; empty where all is right. */
  public String difference(Task task) {
    return failure != null
        ? "the caller got an error: " + failure.getMessage()
        : task.difference(got, ids);
  }

  /** How often the session was opened again. */
  public int reopened() {
    return reopened;
  }

  /** The piece that ended the longest silence behind this time. */
  public int behindLongestSilence(long nanos) {
    int longest = pieces.size() - 1;
    long most = -1;
    long last = nanos;
    for (int n = 0; n < pieces.size(); n++) {
      Piece piece = pieces.get(n);
      if (piece.nanos() > nanos) {
        if (piece.nanos() - last > most) {
          most = piece.nanos() - last;
          longest = n;
        }
        last = piece.nanos();
      }
    }
    return longest;
  }

  /** When this piece came. */
  public long nanos(int piece) {
    return pieces.get(piece).nanos();
  }

  /** How much text there was with it. */
  public int characters(int piece) {
    return pieces.get(piece).characters();
  }

  /** From the beginning until there was so much text. */
  public long nanosTo(int characters) {
    return pieces.stream()
            .filter(piece -> piece.characters() >= characters)
            .mapToLong(Piece::nanos)
            .findFirst()
            .orElseGet(System::nanoTime)
        - began;
  }
}
