/** Sessions that outlive their servers: what was sent is kept, and sent again elsewhere. */
@NullMarked
package dev.cleave.edge.replay;

import org.jspecify.annotations.NullMarked;
