@NullMarked
package dev.cleave.split.hailo;

import org.jspecify.annotations.NullMarked;
