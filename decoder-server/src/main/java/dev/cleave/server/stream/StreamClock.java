package dev.cleave.server.stream;

import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;

/**
 * The time of a server's streams. Thread-safe.
 *
 * @param nanos that only ever grow
 * @param later runs a task that does not block, once, after this long
 */
public record StreamClock(LongSupplier nanos, BiConsumer<Duration, Runnable> later) {}
