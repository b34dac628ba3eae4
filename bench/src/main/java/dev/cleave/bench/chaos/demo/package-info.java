/**
 * {@code ./cleave demo --chaos}: servers are killed before one's eyes, and the text comes whole.
 */
@NullMarked
package dev.cleave.bench.chaos.demo;

import org.jspecify.annotations.NullMarked;
