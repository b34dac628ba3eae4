/** The upper layers of a model that was cut between two of them, with the KV of many sessions. */
@NullMarked
package dev.cleave.server.upper;

import org.jspecify.annotations.NullMarked;
