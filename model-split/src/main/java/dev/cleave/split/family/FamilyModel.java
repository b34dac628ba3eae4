package dev.cleave.split.family;

/** A checkpoint, understood. */
public sealed interface FamilyModel permits Seq2SeqModel, CausalModel {}
