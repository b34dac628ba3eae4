@NullMarked
package dev.cleave.split.checkpoint.gguf;

import org.jspecify.annotations.NullMarked;
