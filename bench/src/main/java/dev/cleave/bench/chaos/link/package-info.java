/** Networks that delay, stall, split, swallow and reset. */
@NullMarked
package dev.cleave.bench.chaos.link;

import org.jspecify.annotations.NullMarked;
