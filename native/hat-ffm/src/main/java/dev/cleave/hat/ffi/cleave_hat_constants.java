package dev.cleave.hat.ffi;

/** The constants of {@code cleave_hat.h}. */
@SuppressWarnings("MemberName") // the header's names
public final class cleave_hat_constants {
  private cleave_hat_constants() {}

  public static final int CLEAVE_HAT_ABI_VERSION = 1000;
  public static final int CLEAVE_HAT_NAME_BYTES = 128;
  public static final int CLEAVE_HAT_TRANSFER_MULTIPLE = 8;
  public static final int CLEAVE_HAT_MAX_TRANSFER_BYTES = 32 << 20;
  public static final int CLEAVE_HAT_MAX_BATCH = 16;
  public static final int CLEAVE_HAT_SUCCESS = 0;
  public static final int CLEAVE_HAT_INVALID_ARGUMENT = 2;
  public static final int CLEAVE_HAT_OUT_OF_HOST_MEMORY = 3;
  public static final int CLEAVE_HAT_TIMEOUT = 4;
  public static final int CLEAVE_HAT_INSUFFICIENT_BUFFER = 5;
  public static final int CLEAVE_HAT_INVALID_OPERATION = 6;
  public static final int CLEAVE_HAT_NOT_IMPLEMENTED = 7;
  public static final int CLEAVE_HAT_INTERNAL_FAILURE = 8;
  public static final int CLEAVE_HAT_OPEN_FILE_FAILURE = 13;
  public static final int CLEAVE_HAT_FILE_OPERATION_FAILURE = 14;
  public static final int CLEAVE_HAT_INVALID_HEF = 26;
  public static final int CLEAVE_HAT_NOT_FOUND = 61;
  public static final int CLEAVE_HAT_COMMUNICATION_CLOSED = 62;
  public static final int CLEAVE_HAT_DRIVER_NOT_INSTALLED = 64;
  public static final int CLEAVE_HAT_DEVICE_IN_USE = 73;
  public static final int CLEAVE_HAT_OUT_OF_PHYSICAL_DEVICES = 74;
  public static final int CLEAVE_HAT_INVALID_DRIVER_VERSION = 76;
  public static final int CLEAVE_HAT_QUEUE_IS_FULL = 82;
  public static final int CLEAVE_HAT_HEF_FILE_CORRUPTED = 91;
  public static final int CLEAVE_HAT_HEF_NOT_SUPPORTED = 92;
  public static final int CLEAVE_HAT_OPERATION_ABORTED = 95;
  public static final int CLEAVE_HAT_UINT8 = 1;
  public static final int CLEAVE_HAT_UINT16 = 2;
  public static final int CLEAVE_HAT_FLOAT32 = 3;
  public static final int CLEAVE_HAT_INPUT = 0;
  public static final int CLEAVE_HAT_OUTPUT = 1;
}
