package dev.cleave.edge;

import java.nio.file.Path;

/**
 * What a bundle says of writing conversations.
 *
 * @param template {@code chat_template.jinja}, verified
 * @param architecture the model's family: llama, qwen2
 * @param bosToken text of the token that begins a sequence; empty where the model has none
 * @param eosToken text of the token that ends one; empty where it has none
 */
public record ChatFiles(Path template, String architecture, String bosToken, String eosToken) {}
