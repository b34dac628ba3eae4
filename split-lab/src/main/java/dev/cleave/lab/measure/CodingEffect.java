package dev.cleave.lab.measure;

/**
 * What a codec did to held-out text.
 *
 * @param kl mean Kullback-Leibler divergence of the next token's distribution along the raw answer
 *     from that of raw states, nats
 * @param agreement share of tokens whose likeliest choice stayed
 * @param bitsPerElement of all frames, headers included
 */
public record CodingEffect(double kl, double agreement, double bitsPerElement) {}
