@NullMarked
package dev.cleave.edge.hat;

import org.jspecify.annotations.NullMarked;
