/** One stream of a client: admission, flow in both directions, time-outs, and what all have. */
@NullMarked
package dev.cleave.server.stream;

import org.jspecify.annotations.NullMarked;
