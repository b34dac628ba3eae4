/** Sums, samples and eigenvectors of rows, the same on every JVM. */
@NullMarked
package dev.cleave.codec.statistics;

import org.jspecify.annotations.NullMarked;
