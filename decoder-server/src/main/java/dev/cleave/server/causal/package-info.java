/** Sessions of a model cut between two layers: their segments, batched step by step. */
@NullMarked
package dev.cleave.server.causal;

import org.jspecify.annotations.NullMarked;
