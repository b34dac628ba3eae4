/** The codec against its goals: rate and distortion, real states, speed. */
@NullMarked
package dev.cleave.bench.codec;

import org.jspecify.annotations.NullMarked;
