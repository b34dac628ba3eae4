package dev.cleave.server.entrance;

import dev.cleave.server.admission.TenantGate;

/** What an Open passes, in this order. Thread-safe, as its parts are. */
public record Entrance(TenantGate gate, SessionTable table, FairQueue queue) {}
