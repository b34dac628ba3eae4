/** Server processes that are killed, drained, started again and watched. */
@NullMarked
package dev.cleave.bench.chaos.fleet;

import org.jspecify.annotations.NullMarked;
