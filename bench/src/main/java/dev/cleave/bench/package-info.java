/** Benchmarks: both sides of a claim in one run, printed with their ratio. */
@NullMarked
package dev.cleave.bench;

import org.jspecify.annotations.NullMarked;
