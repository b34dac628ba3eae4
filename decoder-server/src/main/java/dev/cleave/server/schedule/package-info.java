/** Continuous batching: one thread owns the engine, sessions join and leave between steps. */
@NullMarked
package dev.cleave.server.schedule;

import org.jspecify.annotations.NullMarked;
