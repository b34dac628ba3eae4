/** Tests of reading and writing checkpoints. */
@NullMarked
package dev.cleave.split.checkpoint;

import org.jspecify.annotations.NullMarked;
