package dev.cleave.split.hailo;

import dev.cleave.split.block.StackSpec;
import dev.cleave.split.onnx.BucketEmitter;
import java.util.List;

/** {@code device/hailo/README.md}: what lies there, and the commands that compile it. */
final class CompileReadme {
  private CompileReadme() {}

  static String text(StackSpec stack, HailoBuckets buckets) {
    StringBuilder text = new StringBuilder(head(stack, buckets));
    buckets.lengths().forEach(length -> text.append(length(length, stack.width())));
    return text.append(tail(buckets)).toString();
  }

  private static String head(StackSpec stack, HailoBuckets buckets) {
    return """
    # The encoder for an AI HAT+ 2 (Hailo-10H)

    The chip takes embeddings of a fixed length, so here is the encoder once for each length. The host turns text into
    tokens, looks up their embeddings, pads them with zeros, and masks the padding.

    | file | what |
    |---|---|
    | `encoder-L.onnx` | the encoder for L positions, here %1$s; opset 17, static shapes |
    | `encoder.safetensors` | the weights of all of them; the graphs refer to it, so keep it beside them |
    | `embedding.bin` | what the host looks up |
    | `encoder.json` | the encoder's description |
    | `encoder-L-DIGEST.hef`, `.sim` | compiled models that were taken in, each with a record of its source |

    | edge | shape | what |
    |---|---|---|
    | `embeddings` | f32 [1, L, %2$d] | what enters the first block |
    | `mask` | f32 [1, 1, L] | added to the attention's scores: 0 for a token, %3$d for padding |
    | `hidden_states` | f32 [1, L, %2$d] | what crosses to the server |

    The graphs use only %4$s.

    ## Compile

    This needs the vendor's Dataflow Compiler for the Hailo-10H on an x86-64 machine; it comes from the vendor's developer
    zone and is not part of Cleave. The commands follow its documentation and have not been run by those who wrote them.

    Once, text like that which will be sent becomes calibration data (the bundle's own `calibration.jsonl` where there is
    one, or `--text FILE`):

        cleave hat samples --bundle BUNDLE --out samples

    Then in a copy of this folder, since the bundle must hold nothing else, for each length; `samples` is the folder of the
    step before:

    """
        .formatted(
            String.join(", ", buckets.lengths().stream().map(String::valueOf).toList()),
            stack.width(),
            HailoHalf.MASKED,
            String.join(", ", BucketEmitter.OPERATORS));
  }

  private static String length(int positions, int width) {
    return """
    ### %1$d positions

    ```sh
    python3 - samples <<'PYTHON'
    import sys
    import numpy as np
    from hailo_sdk_client import ClientRunner

    runner = ClientRunner(hw_arch="hailo10h")
    runner.translate_onnx_model(
        "encoder-%1$d.onnx", "encoder_%1$d",
        start_node_names=["embeddings", "mask"], end_node_names=["hidden_states"],
        net_input_shapes={"embeddings": [1, %1$d, %2$d], "mask": [1, 1, %1$d]})
    # 16 bits inside: with 8 an encoder's large activations drown the small ones.
    runner.load_model_script("quantization_param({*}, precision_mode=a16_w16)\\n")
    runner.optimize({
        "encoder_%1$d/input_layer1": np.load(sys.argv[1] + "/embeddings-%1$d.npy"),
        "encoder_%1$d/input_layer2": np.load(sys.argv[1] + "/mask-%1$d.npy")})
    with open("encoder-%1$d.hef", "wb") as hef:
        hef.write(runner.compile())
    PYTHON
    sha256sum encoder-%1$d.onnx > encoder-%1$d.hef.from
    ```

    """
        .formatted(positions, width);
  }

  private static String tail(HailoBuckets buckets) {
    List<String> models =
        buckets.lengths().stream().map(length -> "encoder-" + length + ".hef").toList();
    return """
    ## Take the compiled models in

        cleave split --bundle BUNDLE --hef %1$s

    Beside each `.hef` its `.hef.from`, which the last command above writes, must say the sha-256 of the graph that it was
    compiled from. What does not match this bundle's graph is refused. That file is taken at its word: a compiled model
    does not say itself what it was made of. The sha-256 of a graph covers its weights, whose own it carries. The shapes of
    a model's edges are checked again when it is loaded on the board.

    The bundle gets a new id: give the server the new `bundle.json`.
    """
        .formatted(String.join(",", models));
  }
}
