/**
 * From logits to a token id: rules of the checkpoint, and draws that depend on seed and position.
 */
@NullMarked
package dev.cleave.server.sampling;

import org.jspecify.annotations.NullMarked;
