/** The model families: from a config and its tensors to the one description, or a refusal. */
@NullMarked
package dev.cleave.split.family;

import org.jspecify.annotations.NullMarked;
