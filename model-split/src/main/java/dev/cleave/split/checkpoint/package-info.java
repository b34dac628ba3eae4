/** Reading and writing the files of a checkpoint: safetensors by mmap, configs in their forms. */
@NullMarked
package dev.cleave.split.checkpoint;

import org.jspecify.annotations.NullMarked;
