/** What an operator sees: Prometheus metrics and health on a side port. */
@NullMarked
package dev.cleave.server.metrics;

import org.jspecify.annotations.NullMarked;
