@NullMarked
package dev.cleave.split.hailo.sim;

import org.jspecify.annotations.NullMarked;
