/** The GGUF format itself: the tables of a file, checked, and its blocks of quantised numbers. */
@NullMarked
package dev.cleave.split.checkpoint.gguf.format;

import org.jspecify.annotations.NullMarked;
