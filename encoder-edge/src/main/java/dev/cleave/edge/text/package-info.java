/** Text to token ids and back: the tokenizer, streaming detokenisation and stop strings. */
@NullMarked
package dev.cleave.edge.text;

import org.jspecify.annotations.NullMarked;
