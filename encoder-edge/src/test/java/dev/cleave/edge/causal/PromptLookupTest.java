package dev.cleave.edge.causal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PromptLookupTest {

  @Test
  void goesOnAsTheTextDidBefore() {
    assertThat(find(3, 1, 2, 3, 4, 5, 9, 2, 3)).containsExactly(4, 5, 9);
  }

  @Test
  void prefersTheLongestEndingAndOfThoseTheLatest() {
    assertThat(find(1, 7, 1, 2, 3, 40, 8, 2, 3, 50, 7, 1, 2, 3)).containsExactly(40);
    assertThat(find(1, 1, 2, 3, 40, 1, 2, 3, 50, 1, 2, 3)).containsExactly(50);
    // Endings beyond four ids count no more.
    assertThat(find(1, 9, 1, 2, 3, 4, 40, 8, 1, 2, 3, 4, 50, 9, 1, 2, 3, 4)).containsExactly(50);
  }

  @Test
  void repeatsARepetition() {
    assertThat(find(5, 9, 1, 2, 1, 2)).containsExactly(1, 2, 1, 2, 1);
    assertThat(find(4, 6, 6, 6)).containsExactly(6, 6, 6, 6);
  }

  @Test
  void draftsNothingWhereNothingWasSaidBefore() {
    assertThat(find(4, 1, 2, 3, 4)).isEmpty();
    assertThat(find(4, 1, 2, 9, 2)).isEmpty(); // one id says too little
    assertThat(find(4, 1)).isEmpty();
    assertThat(find(4, 1, 1)).isEmpty();
  }

  private static int[] find(int most, int... ids) {
    int[] drafts = new int[most];
    // What lies behind the size must not be read.
    int[] longer = Arrays.copyOf(ids, ids.length + 3);
    int found = PromptLookup.find(longer, ids.length, drafts, most);
    return Arrays.copyOf(drafts, found);
  }
}
