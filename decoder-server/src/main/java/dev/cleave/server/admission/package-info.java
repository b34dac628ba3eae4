/** What a client may open: the served model, its codecs and limits, and refusals with a reason. */
@NullMarked
package dev.cleave.server.admission;

import org.jspecify.annotations.NullMarked;
