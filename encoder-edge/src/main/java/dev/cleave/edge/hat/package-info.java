/** The device half on an AI HAT+, and the choice between that and the CPU. */
@NullMarked
package dev.cleave.edge.hat;

import org.jspecify.annotations.NullMarked;
