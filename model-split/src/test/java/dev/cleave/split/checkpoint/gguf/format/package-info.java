@NullMarked
package dev.cleave.split.checkpoint.gguf.format;

import org.jspecify.annotations.NullMarked;
