/* Names of the statuses, as the vendor has them. */
#include "cleave_hat.h"

extern "C" const char *cleave_hat_status_name(int32_t status) {
  switch (status) {
    case CLEAVE_HAT_SUCCESS:
      return "SUCCESS";
    case CLEAVE_HAT_INVALID_ARGUMENT:
      return "INVALID_ARGUMENT";
    case CLEAVE_HAT_OUT_OF_HOST_MEMORY:
      return "OUT_OF_HOST_MEMORY";
    case CLEAVE_HAT_TIMEOUT:
      return "TIMEOUT";
    case CLEAVE_HAT_INSUFFICIENT_BUFFER:
      return "INSUFFICIENT_BUFFER";
    case CLEAVE_HAT_INVALID_OPERATION:
      return "INVALID_OPERATION";
    case CLEAVE_HAT_NOT_IMPLEMENTED:
      return "NOT_IMPLEMENTED";
    case CLEAVE_HAT_INTERNAL_FAILURE:
      return "INTERNAL_FAILURE";
    case CLEAVE_HAT_OPEN_FILE_FAILURE:
      return "OPEN_FILE_FAILURE";
    case CLEAVE_HAT_FILE_OPERATION_FAILURE:
      return "FILE_OPERATION_FAILURE";
    case CLEAVE_HAT_INVALID_HEF:
      return "INVALID_HEF";
    case CLEAVE_HAT_NOT_FOUND:
      return "NOT_FOUND";
    case CLEAVE_HAT_COMMUNICATION_CLOSED:
      return "COMMUNICATION_CLOSED";
    case CLEAVE_HAT_DRIVER_NOT_INSTALLED:
      return "DRIVER_NOT_INSTALLED";
    case CLEAVE_HAT_DEVICE_IN_USE:
      return "DEVICE_IN_USE";
    case CLEAVE_HAT_OUT_OF_PHYSICAL_DEVICES:
      return "OUT_OF_PHYSICAL_DEVICES";
    case CLEAVE_HAT_INVALID_DRIVER_VERSION:
      return "INVALID_DRIVER_VERSION";
    case CLEAVE_HAT_QUEUE_IS_FULL:
      return "QUEUE_IS_FULL";
    case CLEAVE_HAT_HEF_FILE_CORRUPTED:
      return "HEF_FILE_CORRUPTED";
    case CLEAVE_HAT_HEF_NOT_SUPPORTED:
      return "HEF_NOT_SUPPORTED";
    case CLEAVE_HAT_OPERATION_ABORTED:
      return "OPERATION_ABORTED";
    default:
      return "UNKNOWN";
  }
}
