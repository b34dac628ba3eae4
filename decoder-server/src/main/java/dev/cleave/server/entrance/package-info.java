/** Who is let in, who waits, and who is there: slots, the queue for them, and the live sessions. */
@NullMarked
package dev.cleave.server.entrance;

import org.jspecify.annotations.NullMarked;
