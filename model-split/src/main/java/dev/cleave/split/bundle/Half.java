package dev.cleave.split.bundle;

/** One side of a split model; also the folder of a bundle that holds it. */
public enum Half {
  /** Tokenizer and encoder. */
  DEVICE("device"),
  /** Decoder. */
  SERVER("server");

  private final String folder;

  Half(String folder) {
    this.folder = folder;
  }

  /** The folder's name below the bundle. */
  public String folder() {
    return folder;
  }
}
