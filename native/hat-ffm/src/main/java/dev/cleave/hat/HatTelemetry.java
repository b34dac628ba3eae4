package dev.cleave.hat;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Health of a device; empty where it has no such sensor.
 *
 * @param temperatureCelsius of the chip
 * @param utilisation of the neural core, 0 to 1
 * @param throttled whether it is slowed down for its heat
 */
public record HatTelemetry(
    OptionalDouble temperatureCelsius,
    OptionalDouble powerWatts,
    OptionalDouble utilisation,
    Optional<Boolean> throttled) {}
