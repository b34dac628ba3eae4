package dev.cleave.hat;

/** What a device says of itself; empty where it does not. */
public record HatDeviceInfo(String architecture, String firmware, String serial) {}
