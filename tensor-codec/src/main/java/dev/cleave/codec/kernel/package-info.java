/** Loops over rows of floats, once in plain Java and once with the Vector API, to the same bits. */
@NullMarked
package dev.cleave.codec.kernel;

import org.jspecify.annotations.NullMarked;
