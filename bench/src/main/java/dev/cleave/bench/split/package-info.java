/**
 * Models that are cut between two layers: the split against the whole, over links of every kind.
 */
@NullMarked
package dev.cleave.bench.split;

import org.jspecify.annotations.NullMarked;
