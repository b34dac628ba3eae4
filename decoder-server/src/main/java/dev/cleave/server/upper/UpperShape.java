package dev.cleave.server.upper;

/**
 * The fixed sizes of an {@link UpperEngine}.
 *
 * @param width elements of the boundary tensor per position
 * @param vocabulary logits per position
 * @param slots sessions at once
 * @param maxPositions the longest a session may become
 * @param maxStepPositions the most positions of one step, all segments together
 * @param kvBytesPerPosition of one session
 * @param device cpu or cuda:N
 * @param precision of the weights: f32, bf16, f16, int8
 */
public record UpperShape(
    int width,
    int vocabulary,
    int slots,
    int maxPositions,
    int maxStepPositions,
    long kvBytesPerPosition,
    String device,
    String precision) {}
