/** Interleaved range asymmetric numeral systems: symbols to bits near their entropy, and back. */
@NullMarked
package dev.cleave.codec.entropy;

import org.jspecify.annotations.NullMarked;
