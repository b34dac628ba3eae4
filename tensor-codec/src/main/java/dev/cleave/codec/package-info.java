/** Tensors to bytes and back: dtypes, quantisers and frames; JDK only. */
@NullMarked
package dev.cleave.codec;

import org.jspecify.annotations.NullMarked;
