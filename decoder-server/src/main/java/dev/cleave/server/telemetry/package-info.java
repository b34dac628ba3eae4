/** How a server is watched: its meters, its spans, and where they go. Never what is computed. */
@NullMarked
package dev.cleave.server.telemetry;

import org.jspecify.annotations.NullMarked;
