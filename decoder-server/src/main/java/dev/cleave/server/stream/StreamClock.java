package dev.cleave.server.stream;

import java.time.Duration;
import java.time.InstantSource;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;

/**
 * The time of a server's streams. Thread-safe.
 *
 * @param nanos that only ever grow
 * @param wall what tokens go by
 * @param later runs a task that does not block, once, after this long
 */
public record StreamClock(
    LongSupplier nanos, InstantSource wall, BiConsumer<Duration, Runnable> later) {}
