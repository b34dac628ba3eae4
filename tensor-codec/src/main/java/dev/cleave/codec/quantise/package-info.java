/** Quantisers with entropy-coded indices: coordinates to symbols and back. */
@NullMarked
package dev.cleave.codec.quantise;

import org.jspecify.annotations.NullMarked;
