package dev.cleave.edge;

import java.nio.FloatBuffer;

/**
 * The boundary tensor of one input, before any codec. The values are the reader's own copy.
 *
 * @param positions rows
 * @param width elements per row
 * @param values f32 {@code [positions, width]}
 */
public record HiddenStates(int positions, int width, FloatBuffer values) {}
