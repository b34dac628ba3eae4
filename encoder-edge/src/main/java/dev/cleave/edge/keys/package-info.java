/** Makes the keys, certificates and tokens that a trial or a test of a deployment needs. */
@NullMarked
package dev.cleave.edge.keys;

import org.jspecify.annotations.NullMarked;
