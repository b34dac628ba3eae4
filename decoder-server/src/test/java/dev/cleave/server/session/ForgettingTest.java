package dev.cleave.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Reads the memory of prompts after it was given back. */
class ForgettingTest {

  private static final int WIDTH = 8;

  /** Keeps what was allocated in it after it was closed, and can be read all the time. */
  private static final class KeptArena implements Arena {
    final List<MemorySegment> segments = new ArrayList<>();
    boolean closed;

    @Override
    public MemorySegment allocate(long bytes, long alignment) {
      MemorySegment segment = Arena.ofAuto().allocate(bytes, alignment);
      segments.add(segment);
      return segment;
    }

    @Override
    public MemorySegment.Scope scope() {
      return Arena.global().scope();
    }

    @Override
    public void close() {
      closed = true;
    }

    boolean holdsAnything() {
      return segments.stream()
          .anyMatch(it ->
              it.elements(ValueLayout.JAVA_BYTE)
                  .anyMatch(one -> one.get(ValueLayout.JAVA_BYTE, 0) != 0));
    }
  }

  private final PromptBudget budget = new PromptBudget(1 << 20);
  private final KeptArena arena = new KeptArena();

  @Test
  void aPromptIsOverwrittenBeforeItsMemoryIsFreed() {
    PromptBuffer prompt = new PromptBuffer(budget, 5, WIDTH, arena);
    prompt.tail(3).put(new float[3 * WIDTH]).put(3, 7f);
    prompt.tail(3).put(0, 0.25f);
    prompt.advance(3);
    prompt.tail(2).put(2 * WIDTH - 1, -1f); // received in part only
    assertThat(arena.holdsAnything()).isTrue();
    prompt.close();
    assertThat(arena.closed).isTrue();
    assertThat(arena.holdsAnything()).isFalse();
  }

  @Test
  void rowsAreOverwrittenWhetherTheyWereComputedOrNot() {
    RowQueue rows = new RowQueue(budget, 6, WIDTH, arena);
    Objects.requireNonNull(rows.write(2, into -> into.put(0, 1f)));
    rows.release(); // computed
    Objects.requireNonNull(rows.write(4, into -> into.put(4 * WIDTH - 1, 2f)));
    assertThat(arena.holdsAnything()).isTrue();
    rows.close();
    assertThat(arena.closed).isTrue();
    assertThat(arena.holdsAnything()).isFalse();
  }

  @Test
  void aFrameThatFailedToDecodeLeavesNothingEither() {
    RowQueue rows = new RowQueue(budget, 6, WIDTH, arena);
    try {
      rows.write(
          2,
          into -> {
            into.put(0, 1f);
            throw new IllegalStateException("of the test");
          });
    } catch (IllegalStateException expected) {
      assertThat(expected).hasMessage("of the test");
    }
    rows.close();
    assertThat(arena.holdsAnything()).isFalse();
  }
}
