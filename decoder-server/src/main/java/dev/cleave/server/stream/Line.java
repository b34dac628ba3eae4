package dev.cleave.server.stream;

import dev.cleave.server.tenant.Tenancy;

/**
 * What a session has of its stream. Immutable; its parts are thread-safe.
 *
 * @param outbox what goes to the client
 * @param session names it in metrics and errors
 * @param tenancy on whose behalf it is
 * @param askForMore to be run when there is room for more messages
 */
public record Line(
    SessionHost host, Outbox outbox, long session, Tenancy tenancy, Runnable askForMore) {}
