package dev.cleave.hat;

import java.util.List;

/**
 * What the buffers of one transfer look like.
 *
 * @param batch frames of one transfer
 */
record FrameShape(String model, List<HatEdge> edges, int batch) {
  FrameShape {
    edges = List.copyOf(edges);
  }

  /** Bytes of the buffer at an edge, of which the model has checked that they are not too many. */
  long bytes(HatEdge edge) {
    return edge.frameBytes() * batch;
  }

  int indexOf(String edge) {
    for (int i = 0; i < edges.size(); i++) {
      if (edges.get(i).name().equals(edge)) {
        return i;
      }
    }
    throw new IllegalArgumentException(
        "no edge %s in %s: there are %s"
            .formatted(edge, model, edges.stream().map(HatEdge::name).toList()));
  }
}
