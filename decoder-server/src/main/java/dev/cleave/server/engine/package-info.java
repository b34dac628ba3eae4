/** What computes the server half of a model: the seam, and the engines behind it. */
@NullMarked
package dev.cleave.server.engine;

import org.jspecify.annotations.NullMarked;
