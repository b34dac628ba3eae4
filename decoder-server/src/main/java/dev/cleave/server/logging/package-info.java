/** What may be logged at all, whatever level is asked for. */
@NullMarked
package dev.cleave.server.logging;

import org.jspecify.annotations.NullMarked;
