/**
 * The device's part of a session on a model that was cut between two layers: it embeds, sends and
 * compares; the server samples.
 */
@NullMarked
package dev.cleave.edge.causal;

import org.jspecify.annotations.NullMarked;
