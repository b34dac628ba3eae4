/**
 * Certificates and keys from PEM files that may be replaced while they are in use, on both sides.
 */
@NullMarked
package dev.cleave.wire.tls;

import org.jspecify.annotations.NullMarked;
