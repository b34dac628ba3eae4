/** What is made of the measurements: rows of a table, percentiles, trends. */
@NullMarked
package dev.cleave.bench.chaos.figures;

import org.jspecify.annotations.NullMarked;
