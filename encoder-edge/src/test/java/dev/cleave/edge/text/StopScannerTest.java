package dev.cleave.edge.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class StopScannerTest {
  @Test
  void passesEverythingWithoutStops() {
    StopScanner scanner = new StopScanner(List.of());
    assertThat(scanner.push("abc")).isEqualTo("abc");
    assertThat(scanner.finish()).isEmpty();
    assertThat(scanner.stopped()).isFalse();
  }

  @Test
  void holdsBackOnlyWhatMayBeginAStop() {
    StopScanner scanner = new StopScanner(List.of("\n\nEND"));
    assertThat(scanner.push("one\n")).isEqualTo("one");
    assertThat(scanner.push("two\n\nE")).isEqualTo("\ntwo");
    assertThat(scanner.push("VEN")).isEqualTo("\n\nEVEN");
    assertThat(scanner.push("\n")).isEmpty();
    assertThat(scanner.finish()).isEqualTo("\n");
  }

  @Test
  void showsNothingAfterTheStop() {
    StopScanner scanner = new StopScanner(List.of("STOP"));
    assertThat(scanner.push("a ST")).isEqualTo("a ");
    assertThat(scanner.push("OP b")).isEmpty();
    assertThat(scanner.stopped()).isTrue();
    assertThat(scanner.push("c")).isEmpty();
    assertThat(scanner.finish()).isEmpty();
  }

  @Test
  void givesTheSameHoweverTheTextIsCut() {
    List<String> stops = List.of("abcX", "bc", "cab", "aaa");
    for (String text : List.of("zabcabX", "aabc", "caabcab", "aaaa", "ccab", "ab")) {
      String whole = scan(stops, text, text.length());
      for (int size = 1; size < text.length(); size++) {
        assertThat(scan(stops, text, size)).as("%s by %d", text, size).isEqualTo(whole);
      }
    }
    assertThat(scan(stops, "zabcabX", 7)).isEqualTo("za|");
    assertThat(scan(List.of("bc", "abc"), "zabc", 4)).isEqualTo("z|");
  }

  @Test
  void refusesAnEmptyStop() {
    assertThatThrownBy(() -> new StopScanner(List.of("")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** The text shown, with a bar at its end where a stop string was found. */
  private static String scan(List<String> stops, String text, int pieceLength) {
    StopScanner scanner = new StopScanner(stops);
    StringBuilder shown = new StringBuilder();
    for (int from = 0; from < text.length(); from += pieceLength) {
      shown.append(scanner.push(text.substring(from, Math.min(text.length(), from + pieceLength))));
    }
    shown.append(scanner.finish());
    return scanner.stopped() ? shown.append('|').toString() : shown.toString();
  }
}
