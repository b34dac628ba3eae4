/** Whatever may go wrong, done to real processes from a seed, and what callers see of it. */
@NullMarked
package dev.cleave.bench.chaos;

import org.jspecify.annotations.NullMarked;
