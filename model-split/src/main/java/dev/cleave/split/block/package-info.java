/**
 * The one description of a transformer from which both halves are emitted, and the canonical names
 * and shapes of its tensors.
 */
@NullMarked
package dev.cleave.split.block;

import org.jspecify.annotations.NullMarked;
