/** Tests of how weights are rounded. */
@NullMarked
package dev.cleave.split.onnx;

import org.jspecify.annotations.NullMarked;
