/** A GGUF file, that of llama.cpp, as a checkpoint in the terms of Hugging Face. */
@NullMarked
package dev.cleave.split.checkpoint.gguf;

import org.jspecify.annotations.NullMarked;
