package dev.cleave.edge.chat.template;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of a template that are open where it is being rewritten, and the variables set in
 * them. Confined to one rewriting.
 */
final class OpenBlocks {
  /**
   * A block that is open.
   *
   * @param name its tag
   * @param at where the tag was written
   * @param assigned the variables set in it, outside of blocks with scopes of their own
   */
  private record Block(String name, int at, Set<String> assigned) {
    Block(String name, int at) {
      this(name, at, new TreeSet<>());
    }
  }

  private final StringBuilder out;
  private final Deque<Block> blocks = new ArrayDeque<>();
  private int loops;

  /**
   * @param out what is written so far; a loop that ends writes around its body
   */
  OpenBlocks(StringBuilder out) {
    this.out = out;
  }

  /** A block begins where the output ends. */
  void push(String name) {
    blocks.push(new Block(name, out.length()));
  }

  /** Whether the innermost block is of this name. */
  boolean isIn(String name) {
    return !blocks.isEmpty() && blocks.peek().name().equals(name);
  }

  /** The innermost block's name, or null outside of all. */
  @Nullable String innermost() {
    return blocks.isEmpty() ? null : blocks.peek().name();
  }

  /** The innermost block ends. */
  void pop() {
    Block block = blocks.pop();
    if (block.name().equals("for")) {
      scope(block);
    }
  }

  /** What a loop sets is forgotten after each round; the engine would keep it for the next. */
  private void scope(Block loop) {
    int number = loops++;
    StringBuilder keep = new StringBuilder();
    StringBuilder restore = new StringBuilder();
    for (String name : loop.assigned()) {
      String kept = "cleave_outer_" + number + "_" + name;
      keep.append("{% set ").append(kept).append(" = ").append(name).append(" %}");
      restore.append("{% set ").append(name).append(" = ").append(kept).append(" %}");
    }
    int body = out.indexOf("%}", loop.at()) + 2;
    out.insert(body, restore);
    out.insert(loop.at(), keep);
  }

  /** A variable is set here. */
  void assign(String name) {
    for (Block block : blocks) {
      if (block.name().equals("for") || block.name().equals("macro")) {
        block.assigned().add(name);
        return;
      }
    }
  }
}
