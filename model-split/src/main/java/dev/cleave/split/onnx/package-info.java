/** The device half's emitter: an encoder stack as an ONNX graph with external weights. */
@NullMarked
package dev.cleave.split.onnx;

import org.jspecify.annotations.NullMarked;
