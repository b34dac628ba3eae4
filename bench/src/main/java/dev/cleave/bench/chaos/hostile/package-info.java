/** Clients that mean harm, in a process of their own. */
@NullMarked
package dev.cleave.bench.chaos.hostile;

import org.jspecify.annotations.NullMarked;
