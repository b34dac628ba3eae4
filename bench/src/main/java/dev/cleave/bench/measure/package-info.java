/** What benchmarks measure with: rounds of both sides, server processes, links, memory rates. */
@NullMarked
package dev.cleave.bench.measure;

import org.jspecify.annotations.NullMarked;
