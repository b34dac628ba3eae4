/** The device half's network: token ids in, hidden states out. */
@NullMarked
package dev.cleave.edge.engine;

import org.jspecify.annotations.NullMarked;
