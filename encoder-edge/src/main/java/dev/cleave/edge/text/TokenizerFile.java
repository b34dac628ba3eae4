package dev.cleave.edge.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * What streaming detokenisation must know of a {@code tokenizer.json}: which ids exist, which are
 * special, and which stand for one byte of a character. Read once, as a stream of JSON tokens: the
 * vocabularies of large models are too big for a tree. Immutable after {@link #read}.
 */
final class TokenizerFile {
  private final BitSet known = new BitSet();
  private final BitSet special = new BitSet();
  private final BitSet bytePieces = new BitSet();
  private final List<AddedToken> addedTokens = new ArrayList<>();
  private boolean byteFallback;

  /**
   * A token that is found in a text before all else.
   *
   * @param id its id
   * @param text its text
   * @param lstrip whether white space before it belongs to it
   * @param rstrip whether white space behind it belongs to it
   */
  record AddedToken(int id, String text, boolean lstrip, boolean rstrip) {}

  private TokenizerFile() {}

  static TokenizerFile read(Path file, Set<Integer> skipTokenIds) throws IOException {
    TokenizerFile facts = new TokenizerFile();
    try (JsonParser json = new JsonFactory().createParser(file.toFile())) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not a JSON object");
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "added_tokens" -> facts.readAddedTokens(json);
          case "model" -> facts.readModel(json);
          case "decoder" -> facts.readDecoder(json);
          default -> json.skipChildren();
        }
      }
    }
    skipTokenIds.forEach(facts.special::set);
    return facts;
  }

  /** The added tokens that are no text of anybody, the longest first. */
  List<AddedToken> specialTokens() {
    return addedTokens.stream()
        .filter(token -> isSpecial(token.id()) && !token.text().isEmpty())
        .sorted(Comparator.comparingInt((AddedToken token) -> -token.text().length()))
        .toList();
  }

  /** One more than the largest id. */
  int vocabulary() {
    return known.length();
  }

  boolean isKnown(int id) {
    return id >= 0 && known.get(id);
  }

  boolean isSpecial(int id) {
    return special.get(id);
  }

  /** Whether the id is a {@code <0xNN>} piece that the decoder joins with its neighbours. */
  boolean isBytePiece(int id) {
    return byteFallback && bytePieces.get(id);
  }

  private void readAddedTokens(JsonParser json) throws IOException {
    while (json.nextToken() == JsonToken.START_OBJECT) {
      int id = -1;
      boolean isSpecial = false;
      String text = "";
      boolean lstrip = false;
      boolean rstrip = false;
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "id" -> id = json.getIntValue();
          case "special" -> isSpecial = json.getBooleanValue();
          case "content" -> text = json.getText();
          case "lstrip" -> lstrip = json.getBooleanValue();
          case "rstrip" -> rstrip = json.getBooleanValue();
          default -> json.skipChildren();
        }
      }
      if (id >= 0) {
        known.set(id);
        special.set(id, isSpecial);
        addedTokens.add(new AddedToken(id, text, lstrip, rstrip));
      }
    }
  }

  private void readModel(JsonParser json) throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      JsonToken value = json.nextToken();
      if (!field.equals("vocab")) {
        json.skipChildren();
      } else if (value == JsonToken.START_OBJECT) {
        // BPE, WordPiece, WordLevel: {"piece": id}
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          String piece = json.currentName();
          json.nextToken();
          addPiece(piece, json.getIntValue());
        }
      } else if (value == JsonToken.START_ARRAY) {
        // Unigram: [["piece", score], ...], the id is the place
        for (int id = 0; json.nextToken() == JsonToken.START_ARRAY; id++) {
          json.nextToken();
          addPiece(json.getText(), id);
          while (json.nextToken() != JsonToken.END_ARRAY) {
            json.skipChildren();
          }
        }
      }
    }
  }

  private void addPiece(String piece, int id) {
    known.set(id);
    if (piece.length() == 6 && piece.startsWith("<0x") && piece.endsWith(">")) {
      bytePieces.set(id);
    }
  }

  /** The decoder is one stage or a sequence of them; only the presence of ByteFallback matters. */
  private void readDecoder(JsonParser json) throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      return;
    }
    for (int depth = 1; depth > 0; ) {
      JsonToken token = json.nextToken();
      if (token.isStructStart()) {
        depth++;
      } else if (token.isStructEnd()) {
        depth--;
      } else if (token == JsonToken.VALUE_STRING
          && "type".equals(json.currentName())
          && json.getText().equals("ByteFallback")) {
        byteFallback = true;
      }
    }
  }
}
