package dev.cleave.edge;

import dev.cleave.edge.link.Connection;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.GrpcDecoderLink;
import dev.cleave.edge.link.StreamTerms;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.Open;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** Several servers over real connections: the attempt alone says which one it is. */
final class RingLink implements DecoderLink {
  private final List<GrpcDecoderLink> links;

  RingLink(ScriptedServer... servers) {
    links =
        Arrays.stream(servers).map(it -> GrpcDecoderLink.to(Connection.to(it.address()))).toList();
  }

  @Override
  public DescribeReply describe(Duration timeout) {
    return links.getFirst().describe(timeout);
  }

  @Override
  public DecoderStream open(Open open, StreamTerms terms) {
    return links.get(open.getAttempt() % links.size()).open(open, terms);
  }

  @Override
  public int servers() {
    return links.size();
  }

  @Override
  public void close() {
    links.forEach(GrpcDecoderLink::close);
  }
}
