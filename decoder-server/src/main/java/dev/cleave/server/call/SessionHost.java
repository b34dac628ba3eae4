package dev.cleave.server.call;

import dev.cleave.server.metrics.ServerMetrics;
import dev.cleave.server.schedule.Scheduler;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBudget;
import java.util.function.LongSupplier;

/** What all calls of one server share. Thread-safe as far as its parts are, which all are. */
public record SessionHost(
    OpenPolicy policy,
    KvSlots slots,
    PromptBudget prompts,
    Scheduler scheduler,
    ServerMetrics metrics,
    LongSupplier nanoClock,
    String serverName,
    SessionTable table) {}
